/** Which row of files: both streams' in the format `cri`, or one stream's in `raw`. */
export type Series = 'output' | 'stdout' | 'stderr';

export const allSeries: readonly Series[] = ['output', 'stdout', 'stderr'];

const DIGITS = 10;
const NAME = /^(output|stdout|stderr)\.(\d{10,})\.log(\.gz)?$/;
const PACKED = '.gz';
/** Nobody takes it for a file of kept output. */
const UNFINISHED = '.gz.new';

/** A file of kept output. Numbers rise and are never used again: a file is written to its end and keeps its name, but for what a packed one has behind it. */
export interface KeptFile {
  readonly series: Series;
  readonly number: number;
}

export function keptFileName({ series, number }: KeptFile): string {
  return `${series}.${String(number).padStart(DIGITS, '0')}.log`;
}

/** Of the same file, packed. @param path with or without a directory */
export function packedName(path: string): string {
  return `${path}${PACKED}`;
}

/** While it is being packed. */
export function unfinishedName(path: string): string {
  return `${path}${UNFINISHED}`;
}

/** Whether a name is of one that is, or was, being packed. @returns the file's own name */
export function unfinishedOf(name: string): string | undefined {
  return name.endsWith(UNFINISHED) && parseKeptName(name.slice(0, -UNFINISHED.length)) !== undefined ? name.slice(0, -UNFINISHED.length) : undefined;
}

/** Undefined for what is no file of kept output. */
export function parseKeptName(name: string): (KeptFile & { readonly isPacked: boolean }) | undefined {
  const [, series, number, packed] = NAME.exec(name) ?? [];
  return series === undefined ? undefined : { series: series as Series, number: Number(number), isPacked: packed !== undefined };
}

/** The numbers of a series among a directory's names, rising, each once. */
export function numbersOf(series: Series, names: readonly string[]): number[] {
  const numbers = names.flatMap((name) => {
    const file = parseKeptName(name);
    return file?.series === series ? [file.number] : [];
  });
  return [...new Set(numbers)].sort((one, other) => one - other);
}
