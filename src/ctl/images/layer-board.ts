import type { PullProgress } from '../../api/gen/holdfast/v1/images';
import { formatSize } from '../../runtime/text/size';
import { sizeOf } from '../text/screen-size';
import type { Output } from '../tool';

const barCells = 20;
const idDigits = 12;
const eraseBelow = '\u001b[J';

interface Layer {
  readonly digest: string;
  readonly bytes: number;
  readonly size: number;
}

/** How far a pull is, a line for each layer, drawn in place on a terminal and erased at the end; nothing anywhere else. */
export class LayerBoard {
  readonly #layers = new Map<number, Layer>();
  #lines = 0;

  /** @param name as people write it */
  constructor(private readonly output: Output, private readonly name: string) {}

  show({ fetched, unpacking, layers }: PullProgress): void {
    if (this.output.isTTY !== true) return;
    for (const { layer, digest, bytes, size_bytes: size } of fetched) this.#layers.set(layer, { digest, bytes: Number(bytes), size: Number(size) });
    const { columns, rows } = sizeOf(this.output);
    const lines = boardLines(this.name, [...this.#layers].sort(([a], [b]) => a - b).map(([, layer]) => layer), unpacking, layers);
    // What has scrolled away is not drawn over: a small screen has the first line alone.
    const shown = lines.length < rows ? lines : lines.slice(0, 1);
    this.output.write(`${this.#toTop()}${shown.map((line) => `${line.slice(0, columns - 1)}\n`).join('')}`);
    this.#lines = shown.length;
  }

  /** May be called twice. */
  erase(): void {
    if (this.#lines > 0) this.output.write(this.#toTop());
    this.#lines = 0;
  }

  #toTop(): string {
    return this.#lines === 0 ? '' : `\u001b[${String(this.#lines)}A\r${eraseBelow}`;
  }
}

/** The board as lines: what is being done, and, while they come, the layers that are known of. @param unpacking the layer that is unpacked next, from 1 on; 0: none yet */
export function boardLines(name: string, known: readonly Layer[], unpacking: number, layers: number): readonly string[] {
  const unpacks = unpacking > 0 ? `unpacking layer ${String(unpacking)} of ${String(layers)}` : undefined;
  if (unpacks !== undefined && known.every(({ bytes, size }) => bytes >= size)) return [`${name}: ${unpacks}`];
  const sum = (of: (layer: Layer) => number): number => known.reduce((total, layer) => total + of(layer), 0);
  const sizes = known.map(({ digest, bytes, size }) => `  ${digest.replace(/^sha256:/, '').slice(0, idDigits)}  ${barOf(bytes, size)}  ${formatSize(bytes).padStart(4)} / ${formatSize(size)}`);
  return [`${name}: ${formatSize(sum(({ bytes }) => bytes))} of ${formatSize(sum(({ size }) => size))}${unpacks === undefined ? '' : `, ${unpacks}`}`, ...sizes];
}

function barOf(bytes: number, size: number): string {
  const full = size === 0 ? barCells : Math.floor((bytes / size) * barCells);
  return '#'.repeat(full).padEnd(barCells, '.');
}
