import { type Summary, median, quantile, summarize } from './statistics';

/** What docs/performance.md asks of a figure. */
export interface Target {
  readonly of: 'ratio' | 'median' | 'p99';
  readonly is: 'at most' | 'at least';
  readonly value: number;
}

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: Summary;
  /** The bare runtime, or whatever else it is measured against. */
  readonly bare?: Summary;
  /** Of each round's medians; its spread is that of the rounds. */
  readonly ratio?: { readonly median: number; readonly least: number; readonly most: number };
  /** The best of each side against each other: on a machine with other work, what the daemon itself adds. */
  readonly undisturbed?: number;
  readonly targets: readonly Target[];
  readonly met: boolean;
}

/** The measurements of one round. */
export interface Round {
  readonly ours: readonly number[];
  readonly bare?: readonly number[];
}

export type Head = Pick<Figure, 'name' | 'what' | 'unit' | 'targets'>;

/** Makes the figure of its rounds. */
export function figureOf(head: Head, rounds: readonly Round[]): Figure {
  const ours = summarize(rounds.flatMap((round) => round.ours));
  const bareValues = rounds.flatMap((round) => round.bare ?? []);
  const ratios = rounds.flatMap((round) => (round.bare === undefined ? [] : [median(round.ours) / median(round.bare)]));
  const bare = summarize(bareValues);
  const moreIsBetter = head.targets.some((target) => target.is === 'at least');
  const compared =
    ratios.length === 0
      ? {}
      : {
          bare,
          undisturbed: moreIsBetter ? ours.most / bare.most : ours.least / bare.least,
          ratio: { median: median(ratios), least: quantile(ratios, 0), most: quantile(ratios, 1) },
        };
  const figure = { ...head, ours, ...compared };
  return { ...figure, met: head.targets.every((target) => isMet(target, figure)) };
}

function isMet(target: Target, figure: Pick<Figure, 'ours' | 'ratio'>): boolean {
  const value = target.of === 'ratio' ? (figure.ratio?.median ?? Number.NaN) : figure.ours[target.of];
  return target.is === 'at most' ? value <= target.value : value >= target.value;
}

/** `≤ 1.15 ×`, `p99 ≤ 50`. */
export function textOf(target: Target): string {
  const sign = target.is === 'at most' ? '≤' : '≥';
  if (target.of === 'ratio') return `${sign} ${String(target.value)} ×`;
  return `${target.of === 'p99' ? 'p99 ' : ''}${sign} ${String(target.value)}`;
}

export function atMost(value: number, of: Target['of'] = 'median'): Target {
  return { of, is: 'at most', value };
}

export function atLeast(value: number, of: Target['of'] = 'median'): Target {
  return { of, is: 'at least', value };
}

/**
 * Takes measurements of both sides in turns, so that what slows the machine slows both; within a round, who
 * goes first alternates.
 */
export async function interleave(
  rounds: number,
  ours: (round: number) => Promise<readonly number[]>,
  bare: (round: number) => Promise<readonly number[]>,
): Promise<Round[]> {
  const taken: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) taken.push({ bare: await bare(round), ours: await ours(round) });
    else taken.push({ ours: await ours(round), bare: await bare(round) });
  }
  return taken;
}

/** The milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** `count` measurements, one after another. */
export async function repeat(count: number, measure: (index: number) => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let index = 0; index < count; index++) values.push(await measure(index));
  return values;
}
