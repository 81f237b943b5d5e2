/** Which row of files: both streams' in the format `cri`, or one stream's in `raw`. */
export type Series = 'output' | 'stdout' | 'stderr';

export const allSeries: readonly Series[] = ['output', 'stdout', 'stderr'];

const DIGITS = 10;
const NAME = /^(output|stdout|stderr)\.(\d{10,})\.log$/;

/** A file of kept output. Numbers rise and are never used again: a file is written to its end and never renamed. */
export interface KeptFile {
  readonly series: Series;
  readonly number: number;
}

export function keptFileName({ series, number }: KeptFile): string {
  return `${series}.${String(number).padStart(DIGITS, '0')}.log`;
}

/** Undefined for what is no file of kept output. */
export function parseKeptName(name: string): KeptFile | undefined {
  const [, series, number] = NAME.exec(name) ?? [];
  return series === undefined ? undefined : { series: series as Series, number: Number(number) };
}

/** The numbers of a series among a directory's names, rising. */
export function numbersOf(series: Series, names: readonly string[]): number[] {
  const numbers = names.flatMap((name) => {
    const file = parseKeptName(name);
    return file?.series === series ? [file.number] : [];
  });
  return numbers.sort((one, other) => one - other);
}
