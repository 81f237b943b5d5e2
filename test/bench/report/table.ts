import { type Figure, textOf } from '../figure';
import type { Machine } from '../machine';

/**
 * The figures as a Markdown table, which reads well on a terminal too.
 * @param other what ours is measured against
 */
export function tableOf(figures: readonly Figure[], other = 'bare'): string {
  const rows = figures.map((figure) => [
    figure.what,
    `${number(figure.ours.median)} ${figure.unit}`,
    figure.ours.count > 1 ? number(figure.ours.p99) : '',
    figure.ours.count > 1 ? `${number(figure.ours.least)}–${number(figure.ours.most)}` : '',
    figure.bare === undefined ? '' : `${number(figure.bare.median)} ${figure.unit}`,
    figure.ratio === undefined ? '' : `${figure.ratio.median.toFixed(2)} (${figure.ratio.least.toFixed(2)}–${figure.ratio.most.toFixed(2)})`,
    figure.undisturbed === undefined ? '' : figure.undisturbed.toFixed(2),
    figure.targets.map(textOf).join(', '),
    figure.targets.length === 0 ? '' : figure.met ? 'yes' : '**no**',
  ]);
  const head = ['what', 'ours, median', 'p99', 'spread', `${other}, median`, 'ratio (of rounds)', 'of the best', 'target', 'met'];
  const table = [head, head.map(() => '---'), ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (cell === '---' ? '-'.repeat(widths[column] ?? 3) : cell.padEnd(widths[column] ?? 0))).join(' | ')} |`;
  return table.map(line).join('\n');
}

export function machineLine(machine: Machine): string {
  const { daemon, runtime, node, cpu, cores, memoryGb, kernel, cgroups, when, loadBefore } = machine;
  return `${daemon}, ${runtime}, Node ${node}, ${cpu} (${String(cores)} cores, ${String(memoryGb)} GB), Linux ${kernel}, cgroups ${cgroups}, ${when}, load ${loadBefore.toFixed(2)} before`;
}

function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 1000) return Math.round(value).toString();
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3);
}
