import type { Figure } from '../figure';
import type { Machine } from '../machine';
import { machineLine } from './table';

const rowHeight = 30;
const labelWidth = 430;
const barWidth = 400;
const top = 60;

/**
 * The ratios to the bare runtime as bars, each with the spread of its rounds and a line at its target. An SVG
 * of its own, white behind, for readers with a dark theme too.
 */
export function chartOf(figures: readonly Figure[], machine: Machine): string {
  const compared = figures.filter((figure) => figure.ratio !== undefined);
  const widest = Math.max(2, ...compared.map((figure) => figure.ratio?.most ?? 0));
  const x = (ratio: number): number => labelWidth + (ratio / widest) * barWidth;
  const height = top + compared.length * rowHeight + 30;
  const bars = compared.map((figure, index) => barOf(figure, top + index * rowHeight, x));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(labelWidth + barWidth + 80)}" height="${String(height)}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="white"/>',
    '<text x="10" y="20" font-size="15">The daemon against the bare runtime (1 = the runtime alone)</text>',
    `<text x="10" y="38" fill="#666" font-size="10">${escaped(machineLine(machine))}</text>`,
    `<line x1="${at(x(1))}" y1="${String(top - 10)}" x2="${at(x(1))}" y2="${String(height - 25)}" stroke="#888" stroke-dasharray="3 3"/>`,
    ...bars,
    `<text x="10" y="${String(height - 8)}" fill="#666" font-size="10">bar: median of the rounds; thin line: their spread; red line: target</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function barOf(figure: Figure, y: number, x: (ratio: number) => number): string {
  const { ratio } = figure;
  if (ratio === undefined) return '';
  const target = figure.targets.find(({ of }) => of === 'ratio')?.value ?? 1;
  const middle = String(y + 9);
  return [
    `<text x="10" y="${String(y + 13)}">${escaped(figure.what.split(',')[0] ?? '')} (${figure.unit})</text>`,
    `<rect x="${String(labelWidth)}" y="${String(y)}" width="${at(x(ratio.median) - labelWidth)}" height="18" fill="${figure.met ? '#4a8' : '#c66'}"/>`,
    `<line x1="${at(x(ratio.least))}" y1="${middle}" x2="${at(x(ratio.most))}" y2="${middle}" stroke="black"/>`,
    `<line x1="${at(x(target))}" y1="${String(y - 2)}" x2="${at(x(target))}" y2="${String(y + 20)}" stroke="red" stroke-width="2"/>`,
    `<text x="${at(x(Math.max(ratio.most, target)) + 6)}" y="${String(y + 13)}">${ratio.median.toFixed(2)} ×</text>`,
  ].join('\n');
}

function at(position: number): string {
  return position.toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
