import { repairAuthority } from './authority';
import {
  CLIENT_PREFACE,
  FRAME_HEADER_BYTES,
  FrameFlag,
  type FrameHeader,
  FrameType,
  MAX_FRAME_BYTES,
  parseFrameHeader,
} from './frames';
import { HeaderBlock } from './header-block';
import { HpackDecoder } from './hpack-decoder';
import { encodeHeaderBlock } from './hpack-encoder';
import type { HeaderField } from './hpack-table';
import { claimsPeer, withPeer } from './peer-field';
import { WireError } from './wire-error';

/** What the first header block of a connection had as `:authority`. */
export type FirstAuthority = 'unknown' | 'accepted' | 'repaired';

/**
 * Takes what a client sends, in any split, and gives what the server is to read: the same bytes, but for
 * header blocks whose `:authority` the server would refuse.
 *
 * Until the first such block nothing is changed at all. From then on every block is encoded anew without
 * reference to the dynamic table, because the server's table has not seen what ours has; and each request then
 * tells who sent it, if that is known here.
 *
 * Only what is needed to find the header blocks is checked here; the rest is for the server to judge.
 */
export class FrameRewriter {
  readonly #decoder = new HpackDecoder();
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #prefaceBytes = 0;
  #headerBytes = 0;
  /** Bytes of the current frame that are passed through as they come. */
  #passing = 0;
  /** A frame that is needed whole before it can be judged. */
  #collecting: Collecting | undefined;
  #block: HeaderBlock | undefined;
  #settingsSeen = false;
  #expectedAcks = 0;
  #firstAuthority: FirstAuthority = 'unknown';
  #repairing = false;
  #lastStreamId = 0;

  /** @param peer who the client is, to be told in each request that is encoded anew; none where left out */
  constructor(private readonly peer?: string) {}

  get firstAuthority(): FirstAuthority {
    return this.#firstAuthority;
  }

  /** Whether the client's preface and the first SETTINGS have come. */
  get isGreeted(): boolean {
    return this.#settingsSeen && this.#passing === 0;
  }

  /** Whether all bytes so far were, or can still be, passed on as they came, and no acknowledgement is awaited. */
  get isTransparent(): boolean {
    return !this.#repairing && this.#expectedAcks === 0;
  }

  /** The highest stream that a header block has been passed on for; 0 before the first. */
  get lastStreamId(): number {
    return this.#lastStreamId;
  }

  /** From now on every header block is encoded anew: the server will not get the socket itself. */
  encodeAll(): void {
    this.#repairing = true;
  }

  /**
   * To be told of each SETTINGS frame that was sent behind the server's back: its acknowledgement, which comes
   * before those of the server's own, is then kept from the server.
   */
  expectSettingsAck(): void {
    this.#expectedAcks++;
  }

  /**
   * @returns the bytes for the server, which may be none
   * @throws WireError: the connection is beyond help, and the rewriter of no further use
   */
  push(chunk: Buffer): Buffer {
    const out: Buffer[] = [];
    let at = this.#checkPreface(chunk, out);
    while (at < chunk.length) {
      if (this.#passing > 0) {
        const piece = chunk.subarray(at, at + this.#passing);
        this.#passing -= piece.length;
        at += piece.length;
        out.push(piece);
      } else if (this.#collecting !== undefined) {
        at += this.#collecting.fill(chunk, at);
        this.#finishFrame(this.#collecting, out);
      } else {
        const copied = chunk.copy(this.#header, this.#headerBytes, at);
        this.#headerBytes += copied;
        at += copied;
        if (this.#headerBytes === FRAME_HEADER_BYTES) this.#startFrame(out);
      }
    }
    return out.length === 1 ? (out[0] ?? Buffer.alloc(0)) : Buffer.concat(out);
  }

  /** What was taken and not yet given: the beginning of a header block or of a frame. For whoever goes on alone. */
  heldBack(): Buffer {
    return Buffer.concat([
      this.#block?.original() ?? Buffer.alloc(0),
      this.#collecting?.filled() ?? Buffer.alloc(0),
      this.#header.subarray(0, this.#headerBytes),
    ]);
  }

  #checkPreface(chunk: Buffer, out: Buffer[]): number {
    const piece = chunk.subarray(0, CLIENT_PREFACE.length - this.#prefaceBytes);
    if (piece.length === 0) return 0;
    const expected = CLIENT_PREFACE.subarray(this.#prefaceBytes, this.#prefaceBytes + piece.length);
    if (!piece.equals(expected)) throw new WireError('bad-preface', 'the client does not speak HTTP/2');
    this.#prefaceBytes += piece.length;
    out.push(piece);
    return piece.length;
  }

  #startFrame(out: Buffer[]): void {
    const header = parseFrameHeader(this.#header);
    this.#headerBytes = 0;
    this.#checkFrame(header);
    if (header.type === FrameType.settings) {
      this.#settingsSeen = true;
      const isAck = (header.flags & FrameFlag.ack) !== 0 && header.length === 0 && header.streamId === 0;
      if (isAck && this.#expectedAcks > 0) {
        this.#expectedAcks--;
        return;
      }
    }
    if (header.type === FrameType.headers || header.type === FrameType.continuation) {
      this.#collecting = new Collecting(header, this.#header);
      this.#finishFrame(this.#collecting, out);
      return;
    }
    out.push(Buffer.from(this.#header));
    this.#passing = header.length;
  }

  #checkFrame({ type, length, flags, streamId }: FrameHeader): void {
    if (length > MAX_FRAME_BYTES) throw new WireError('bad-frame-size', `a frame of ${length} bytes`);
    const isAck = type === FrameType.settings && (flags & FrameFlag.ack) !== 0;
    if (!this.#settingsSeen && (type !== FrameType.settings || isAck)) {
      throw new WireError('bad-preface', `the first frame is of type ${type}, not SETTINGS`);
    }
    // A client must not push. It would carry a header block past our decoder.
    if (type === FrameType.pushPromise) throw new WireError('bad-frame', 'PUSH_PROMISE from a client');
    const continues = type === FrameType.continuation && streamId === this.#block?.streamId;
    if (this.#block !== undefined && !continues) {
      throw new WireError('bad-frame', `a frame of type ${type} on stream ${streamId} within a header block`);
    }
    if (this.#block === undefined && type === FrameType.continuation) {
      throw new WireError('bad-frame', 'CONTINUATION without HEADERS');
    }
  }

  #finishFrame(frame: Collecting, out: Buffer[]): void {
    if (!frame.isFull) return;
    this.#collecting = undefined;
    if (this.#block === undefined) this.#block = new HeaderBlock(frame.header, frame.filled());
    else this.#block.continue(frame.header, frame.filled());
    if (!this.#block.isComplete) return;
    out.push(this.#finishBlock(this.#block));
    this.#block = undefined;
  }

  #finishBlock(block: HeaderBlock): Buffer {
    const fields = this.#decoder.decode(block.content());
    const repaired = repairAuthority(fields);
    if (repaired !== fields || this.#needsPeer(fields)) this.#repairing = true;
    if (this.#firstAuthority === 'unknown') this.#firstAuthority = repaired === fields ? 'accepted' : 'repaired';
    this.#lastStreamId = Math.max(this.#lastStreamId, block.streamId);
    if (!this.#repairing) return block.original();
    return block.withContent(encodeHeaderBlock(this.peer === undefined ? repaired : withPeer(repaired, this.peer)));
  }

  /**
   * A block that must not pass as it is: while an acknowledgement is awaited the socket cannot be handed over, so
   * this request will not come from it. And no claim of a client's passes here, because whether a later block needs
   * repair, and the claim would then be believed, is not known yet.
   */
  #needsPeer(fields: readonly HeaderField[]): boolean {
    return this.peer !== undefined && (this.#expectedAcks > 0 || claimsPeer(fields));
  }
}

/** A frame that is kept until it is whole; at most MAX_FRAME_BYTES, which has been checked before. */
class Collecting {
  readonly header: FrameHeader;
  readonly #bytes: Buffer;
  #length = FRAME_HEADER_BYTES;

  constructor(header: FrameHeader, headerBytes: Buffer) {
    this.header = header;
    this.#bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + header.length);
    headerBytes.copy(this.#bytes);
  }

  get isFull(): boolean {
    return this.#length === this.#bytes.length;
  }

  /** @returns how many bytes of `chunk`, from `start`, belong to this frame */
  fill(chunk: Buffer, start: number): number {
    const copied = chunk.copy(this.#bytes, this.#length, start);
    this.#length += copied;
    return copied;
  }

  /** What is there of the frame, its header included. */
  filled(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}
