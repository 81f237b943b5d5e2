import type { Chunk, OutputStream } from '../../api/gen/holdfast/v1/output';
import type { Moment } from '../text/timestamp';

const NEWLINE = 10;
/** A line that is longer is shown in parts: it may have no end. */
const LONGEST_BYTES = 1024 * 1024;

/** A line of a program's output, or a part of one. */
export interface Line {
  readonly stream: OutputStream;
  /** When its beginning was taken; undefined where output is kept raw. */
  readonly time: Moment | undefined;
  /** Without its newline. */
  readonly text: Buffer;
  readonly isPartial: boolean;
}

interface Held {
  readonly time: Moment | undefined;
  readonly parts: Uint8Array[];
  length: number;
}

/** Makes lines of chunks; what has no newline yet is held until it has one. */
export class Lines {
  readonly #held = new Map<OutputStream, Held>();

  *take({ stream, time, data }: Chunk): Generator<Line, void> {
    for (let at = 0; at < data.length; ) {
      const newline = data.indexOf(NEWLINE, at);
      const end = newline < 0 ? data.length : newline;
      const held = this.#held.get(stream) ?? { time, parts: [], length: 0 };
      held.parts.push(data.subarray(at, end));
      held.length += end - at;
      this.#held.set(stream, held);
      if (newline >= 0) yield this.#let(stream, held, false);
      else if (held.length > LONGEST_BYTES) yield this.#let(stream, held, true);
      at = end + 1;
    }
  }

  /** What is held still. */
  *rest(): Generator<Line, void> {
    for (const [stream, held] of [...this.#held]) yield this.#let(stream, held, true);
  }

  #let(stream: OutputStream, { time, parts }: Held, isPartial: boolean): Line {
    this.#held.delete(stream);
    return { stream, time, text: Buffer.concat(parts), isPartial };
  }
}

/** The lines of a chunk as they are, with what goes on as a part of its own. */
export function* piecesOf({ stream, time, data }: Chunk): Generator<Line, void> {
  for (let at = 0; at < data.length; ) {
    const newline = data.indexOf(NEWLINE, at);
    const end = newline < 0 ? data.length : newline;
    yield { stream, time, text: Buffer.from(data.subarray(at, end)), isPartial: newline < 0 };
    at = end + 1;
  }
}
