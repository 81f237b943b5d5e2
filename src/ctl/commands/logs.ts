import { InvalidArgumentError } from 'commander';
import type { Container } from '../../api/gen/holdfast/v1/containers';
import { type LogsRequest, type LogsResponse, OutputStream } from '../../api/gen/holdfast/v1/output';
import { CtlError, isCtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { selectContainers, suggestNames } from '../names';
import { moment, wholeNumber } from '../option-values';
import { inOrder } from '../output/in-order';
import { OutputFeed } from '../output/output-feed';
import { againWords } from '../output/again';
import { OutputPrinter } from '../output/output-printer';
import { millisecondsOf, type Moment } from '../text/timestamp';
import { after } from '../timer';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface LogsOptions {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly since?: Moment;
  readonly until?: Moment;
  readonly timestamps?: boolean;
  readonly local?: boolean;
  readonly grep?: RegExp;
  readonly stream?: OutputStream;
  readonly json?: boolean;
}

export function defineLogs(program: Verb, tool: Tool): void {
  program
    .verb('logs', { group: 'Look', summary: 'shows what programs have written: all that is kept of it', example: "logs --since 10m --grep 'E(RR|MERG)' -f web mail", statuses: '130 interrupted' })
    .argument('<names...>', 'names, shell patterns, or all')
    .option('-f, --follow', 'go on with what comes, over restarts, until it is interrupted or they are removed')
    .option('-n, --tail <lines>', 'the last lines alone, of each', wholeNumber)
    .option('--since <time>', 'what was written since then: 10m (ago), 16:20, RFC 3339', moment)
    .option('--until <time>', 'what was written before then', moment)
    .option('-t, --timestamps', 'with the time and the stream of each line')
    .option('--local', "times of this machine's zone, instead of UTC")
    .option('--grep <pattern>', 'lines that match this regular expression alone', pattern)
    .option('--stream <stream>', 'stdout or stderr alone', streamOption)
    .option('--json', 'an object a line')
    .action((names: string[], options: LogsOptions) => logs(tool, names, options));
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new InvalidArgumentError('A regular expression is wanted.');
  }
}

function streamOption(text: string): OutputStream {
  if (text === 'stdout') return OutputStream.STDOUT;
  if (text === 'stderr') return OutputStream.STDERR;
  throw new InvalidArgumentError('One of stdout, stderr is wanted.');
}

/** What is kept of programs' output, and with `follow` what comes, until it is interrupted. */
export async function logs(tool: Tool, names: readonly string[], options: LogsOptions): Promise<void> {
  if (options.tail !== undefined && options.since !== undefined) throw new CtlError('invalid-argument', 'either --tail or --since');
  const daemon = await tool.connect();
  const { matched, unknown, known, isWide } = await selectContainers(daemon, names);
  const request = requestOf(options);
  const feeds = matched.map(({ name }) => new OutputFeed(daemon, name, request));
  const printer = new OutputPrinter(tool, { ...options, afterEnd: (name) => againWords(daemon, name), names: feeds.length > 1 ? feeds.map(({ name }) => name) : [] });
  let isInterrupted = false;
  let isOver = false;
  const close = (): void => { for (const feed of feeds) feed.close(); };
  const stopListening = options.follow === true ? tool.io.onSignal('SIGINT', () => {
    isInterrupted = true;
    close();
    // What is written may wait for a reader that does not read: the next one ends us.
    stopListening?.();
  }) : undefined;
  const stopTimer = options.follow !== true || options.until === undefined ? undefined : after(millisecondsOf(options.until) - Date.now(), () => {
    isOver = true;
    close();
  });
  const without: Container[] = [];
  const guarded = feeds.map((feed) => ({ name: feed.name, messages: withoutFailure(feed, () => { without.push(...matched.filter(({ name }) => name === feed.name)); }) }));
  try {
    if (options.follow === true) await Promise.all(guarded.map(async ({ name, messages }) => { for await (const message of messages) await printer.print(name, message); }));
    else for await (const { name, message } of inOrder(guarded)) await printer.print(name, message);
    await printer.end();
  } finally {
    stopListening?.();
    stopTimer?.();
    close();
  }
  const missing = isWide ? [] : without;
  for (const name of [...unknown, ...missing.map((one) => one.name)]) tool.print(`${name}: ERROR (no log file)`);
  for (const container of missing) explainMissing(tool, container);
  suggestNames(tool, unknown, known);
  if (unknown.length + missing.length > 0) tool.finish(exitStatus.failed);
  if (!isInterrupted || isOver) return;
  tool.explain(`interrupted; ${feeds.map(({ name }) => name).join(', ')} ${feeds.length === 1 ? 'goes' : 'go'} on as before`);
  tool.finish(exitStatus.interrupted);
}

function requestOf({ follow, tail, since, until, stream }: LogsOptions): Partial<LogsRequest> {
  return {
    follow: follow === true,
    tail_lines: tail === undefined ? undefined : BigInt(tail),
    since,
    until: follow === true ? undefined : until,
    stream: stream ?? OutputStream.BOTH,
  };
}

/** One of which nothing is kept costs the others nothing. */
async function* withoutFailure(feed: OutputFeed, onMissing: () => void): AsyncGenerator<LogsResponse, void> {
  try {
    yield* feed;
  } catch (error) {
    if (!isCtlError(error, 'not-running', 'no-such-process')) throw error;
    onMissing();
  }
}

/** Where its output goes instead. */
export function explainMissing(tool: Tool, { name, definition, processes }: Container): void {
  const stdio = definition?.stdio ?? processes[0]?.stdio;
  const paths = [...new Set([stdio?.stdout ?? '', stdio?.stderr ?? ''])].filter((path) => path !== '');
  if (paths.length > 0) tool.hint(`The output of ${name} goes to ${paths.join(' and ')}`);
}
