import {
  FRAME_HEADER_BYTES,
  frame,
  FrameFlag,
  type FrameHeader,
  FrameType,
  MAX_FRAME_BYTES,
} from './frames';
import { WireError } from './wire-error';

/**
 * How many bytes the frames of one header block may have, their headers and padding included: so a flood of
 * CONTINUATION frames without content comes to an end too.
 */
export const MAX_HEADER_BLOCK_BYTES = 65_536;

const PRIORITY_BYTES = 5;

/** A header block on its way in: HEADERS, and CONTINUATION until END_HEADERS (RFC 9113, 6.2 and 6.10). */
export class HeaderBlock {
  readonly streamId: number;
  readonly #endStream: boolean;
  /** The priority fields, which are kept as they came. */
  readonly #priority: Buffer;
  readonly #fragments: Buffer[];
  /** The frames as they came. */
  readonly #frames: Buffer[];
  #bytes = 0;
  #complete: boolean;

  /** @param bytes the whole HEADERS frame. @throws WireError bad-frame, bad-frame-size */
  constructor(header: FrameHeader, bytes: Buffer) {
    if (header.streamId === 0) throw new WireError('bad-frame', 'HEADERS on stream 0');
    const { priority, fragment } = splitPayload(header.flags, bytes.subarray(FRAME_HEADER_BYTES));
    this.streamId = header.streamId;
    this.#endStream = (header.flags & FrameFlag.endStream) !== 0;
    this.#complete = (header.flags & FrameFlag.endHeaders) !== 0;
    this.#priority = priority;
    this.#fragments = [fragment];
    this.#frames = [bytes];
    this.#bytes = bytes.length;
  }

  get isComplete(): boolean {
    return this.#complete;
  }

  /** @param bytes the whole CONTINUATION frame. @throws WireError header-block-too-large */
  continue(header: FrameHeader, bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_HEADER_BLOCK_BYTES) {
      throw new WireError('header-block-too-large', `a header block of more than ${MAX_HEADER_BLOCK_BYTES} bytes`);
    }
    this.#complete = (header.flags & FrameFlag.endHeaders) !== 0;
    this.#fragments.push(bytes.subarray(FRAME_HEADER_BYTES));
    this.#frames.push(bytes);
  }

  /** The block itself, put together for the decoder. */
  content(): Buffer {
    return Buffer.concat(this.#fragments);
  }

  /** The frames as they came. */
  original(): Buffer {
    return Buffer.concat(this.#frames);
  }

  /** The frames with another block in them: same stream, flags and priority, no padding. */
  withContent(block: Buffer): Buffer {
    const payload = Buffer.concat([this.#priority, block]);
    const frames: Buffer[] = [];
    for (let at = 0; at === 0 || at < payload.length; at += MAX_FRAME_BYTES) {
      const type = at === 0 ? FrameType.headers : FrameType.continuation;
      let flags = at + MAX_FRAME_BYTES >= payload.length ? FrameFlag.endHeaders : 0;
      if (at === 0 && this.#endStream) flags |= FrameFlag.endStream;
      if (at === 0 && this.#priority.length > 0) flags |= FrameFlag.priority;
      frames.push(frame(type, flags, this.streamId, payload.subarray(at, at + MAX_FRAME_BYTES)));
    }
    return Buffer.concat(frames);
  }
}

/** A HEADERS payload without its padding: the priority fields (empty where there are none) and the fragment. */
function splitPayload(flags: number, payload: Buffer): { priority: Buffer; fragment: Buffer } {
  const padded = (flags & FrameFlag.padded) !== 0;
  const start = padded ? 1 : 0;
  const fragmentStart = start + ((flags & FrameFlag.priority) !== 0 ? PRIORITY_BYTES : 0);
  if (payload.length < fragmentStart) throw new WireError('bad-frame-size', 'HEADERS too short for its flags');
  const end = payload.length - (padded ? payload.readUInt8(0) : 0);
  if (end < fragmentStart) throw new WireError('bad-frame', 'HEADERS with more padding than payload');
  return { priority: payload.subarray(start, fragmentStart), fragment: payload.subarray(fragmentStart, end) };
}
