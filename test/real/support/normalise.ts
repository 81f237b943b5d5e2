/** What must differ between two runs of one command, and is written alike for comparing. */
export interface Particulars {
  readonly directory: string;
  readonly namespace: string;
}

/** RFC 3339, and Go's default form of a time; with it, what dockerd calls nanoseconds. */
const times = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?Z|[+-]\d\d:\d\d| \+0000 UTC)?/g;

/** A client's output with pids, times, ids and paths taken out; everything else as it is. */
export function normalise(text: string, { directory, namespace }: Particulars): string {
  const plain = text
    .replaceAll(directory, '<dir>')
    .replaceAll(namespace, '<ns>')
    // Year 1 is how "not yet" is written, and no time like another.
    .replace(times, (time) => (time.startsWith('0001-01-01') ? '<year 1>' : '<time>'))
    .replace(/"pid":\s?\d+/g, '"pid":<pid>')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>')
    .replace(/\b[0-9a-f]{64}\b/g, '<id>')
    .replace(/<dir>\/c\/(state|root)[^\s"]*/g, '<daemon dir>')
    .replace(/\/run\/containerd\/fifo\/\d+\//g, '<fifos>/')
    .replace(/<ns>-[\w-]{4}\b/g, '<lease>')
    // Where the runtime itself is missing, so is its log, which the original says first.
    .replace(/unable to retrieve OCI runtime error \(open <daemon dir> no such file or directory\): /g, '');
  return plain.split('\n').map(withoutWidths).reduce(intoTable, []).join('\n');
}

/**
 * What a client printed on stderr, without runc's own last words. Ours gives a container the client's FIFO itself, so
 * what a runtime that fails writes to its stderr arrives there, beside the error that the client is answered with.
 * Debian's containerd loses it: nobody copies yet when a create fails.
 */
export function withoutRuntimesWords(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !/^(runc create failed|exec failed): /.test(line))
    .join('\n');
}

/** A table's columns are as wide as what is in them. */
function withoutWidths(line: string): string {
  return line.trimEnd().replace(/(?<=\S) {2,}|\t+/g, '  ');
}

/** Below the head of ctr's tables with pids, numbers that stand alone are pids. */
function intoTable(lines: string[], line: string): string[] {
  const isBelow = lines.some((before) => /^(TASK|PID)  (PID|INFO)/.test(before));
  return [...lines, isBelow ? line.replace(/(^|  )\d+(?=  )/g, '$1<pid>') : line];
}
