import { FRAME_HEADER_BYTES, parseFrameHeader } from './frames';

/** Follows a stream of frames that need no checking, to tell where another frame may be put in. */
export class FrameBoundary {
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #payloadLeft = 0;

  /** Whether all frames so far are whole. */
  get isHere(): boolean {
    return this.#headerBytes === 0 && this.#payloadLeft === 0;
  }

  advance(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const step = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= step;
        at += step;
        continue;
      }
      const copied = chunk.copy(this.#header, this.#headerBytes, at);
      this.#headerBytes += copied;
      at += copied;
      if (this.#headerBytes === FRAME_HEADER_BYTES) {
        this.#payloadLeft = parseFrameHeader(this.#header).length;
        this.#headerBytes = 0;
      }
    }
  }
}
