import type { Descriptor } from '../../images/descriptor';
import type { LayerProgress } from '../gen/holdfast/v1/images';

/** So much is told so often. Milliseconds. */
const tellEveryMs = 100;

/** What is told at once. */
export interface LayerNews {
  /** Of which there is more than was told before. */
  readonly progress: LayerProgress[];
  /** The layer that is unpacked next, from 1 on; 0: none yet. */
  readonly unpacking: number;
  readonly layers: number;
}

/** Tells how far the layers of an image are, no more often than somebody looks, and no faster than the client reads. */
export class LayerTeller {
  readonly #news = new Map<number, LayerProgress>();
  #layers = 0;
  #unpacking = 0;
  #toldAtMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #hasRoom = true;

  constructor(private readonly tell: (news: LayerNews) => void, private readonly untilRoom: () => Promise<unknown>) {}

  /** So much of a layer has come, or gone. */
  moved(layer: number, layers: number, { digest, size }: Descriptor, bytes: number): void {
    this.#layers = layers;
    this.#news.set(layer, { layer, digest, bytes: BigInt(bytes), size_bytes: BigInt(size) });
    // What comes meanwhile is told with it.
    this.#timer ??= setTimeout(() => { this.#tell(); }, Math.max(0, this.#toldAtMs + tellEveryMs - performance.now())).unref();
  }

  unpacking(layer: number, layers: number): void {
    this.#layers = layers;
    this.#unpacking = layer;
    this.#tell();
  }

  /** May be called twice. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** With all that is new. */
  #tell(): void {
    this.close();
    if (!this.#hasRoom) return;
    this.#toldAtMs = performance.now();
    this.tell({ progress: [...this.#news.values()], unpacking: this.#unpacking, layers: this.#layers });
    this.#news.clear();
    this.#hasRoom = false;
    void this.untilRoom().then(() => { this.#hasRoom = true; });
  }
}
