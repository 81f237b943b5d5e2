import { TarError } from '../../tar/entry';

/** What a layer may at most be: more is no layer, but somebody's who wants our disk or our memory. */
export interface LayerLimits {
  /** Of the uncompressed stream, and of all files together as they are to be, holes included. */
  readonly bytes: number;
  readonly entries: number;
  /** Of a path or a link's target. */
  readonly pathBytes: number;
}

/** Generous: a layer of a machine-learning image has some ten gigabytes, one of many packages some hundred thousand entries. */
export const defaultLimits: LayerLimits = { bytes: 256 * 1024 ** 3, entries: 4_000_000, pathBytes: 4095 };

/** Counts what has come, and throws where it is too much. */
export class LayerCount {
  #streamBytes = 0;
  #fileBytes = 0;
  #entries = 0;

  constructor(private readonly limits: LayerLimits) {}

  /** Bytes of the uncompressed stream so far. */
  get streamBytes(): number {
    return this.#streamBytes;
  }

  /** @throws TarError `limit` */
  stream(bytes: number): void {
    this.#streamBytes += bytes;
    if (this.#streamBytes > this.limits.bytes) throw tooMuch(`unpacks to more than ${this.limits.bytes} bytes`);
  }

  /** @throws TarError `limit` */
  entry(sizeBytes: number, path: string, linkPath: string): void {
    this.#entries += 1;
    this.#fileBytes += sizeBytes;
    if (this.#entries > this.limits.entries) throw tooMuch(`has more than ${this.limits.entries} entries`);
    if (this.#fileBytes > this.limits.bytes) throw tooMuch(`has files of more than ${this.limits.bytes} bytes`);
    if (path.length > this.limits.pathBytes || linkPath.length > this.limits.pathBytes) throw tooMuch(`has a path of more than ${this.limits.pathBytes} bytes`);
  }
}

function tooMuch(what: string): TarError {
  return new TarError(`the layer ${what}`, 'limit');
}
