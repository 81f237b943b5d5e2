import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Figure } from '../figure';
import type { BenchOptions } from '../options';

/** What is said of a figure as soon as it is taken. */
export function lineOf({ name, ours, unit, ratio, met, targets }: Figure): string {
  const verdict = targets.length === 0 ? '' : met ? 'ok' : 'OVER';
  return `${name}: ${ours.median.toFixed(3)} ${unit}${ratio === undefined ? '' : `, ${ratio.median.toFixed(2)} ×`} ${verdict}`;
}

/** Writes one of the results. */
export function write({ out }: BenchOptions, name: string, text: string): void {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, name), text);
}
