import { GrpcError, Status } from './status';

/** A flag and a length (gRPC's PROTOCOL-HTTP2.md, "Length-Prefixed-Message"). */
const HEAD_BYTES = 5;

/** So long may a message be. Some ten thousand containers' state is a hundredth of it; a length that somebody made up is not waited for. */
export const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

/** A message as it goes out: not compressed. */
export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + message.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEAD_BYTES);
  return frame;
}

/** Finds messages in what comes in pieces of any size. Memory is taken for what has come, never for what a length promises. */
export class MessageReader {
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  /** Of the next message with its head; as long as that is not known, of the head. */
  #wantedBytes = HEAD_BYTES;

  /** Whether a message has begun and not ended. */
  get isAmidMessage(): boolean {
    return this.#heldBytes > 0;
  }

  /** The messages that end in this piece. @throws GrpcError for one that is too long, or compressed */
  *take(piece: Buffer): Generator<Buffer, void> {
    this.#pieces.push(piece);
    this.#heldBytes += piece.length;
    while (this.#heldBytes >= this.#wantedBytes) {
      const held = this.#pieces.length === 1 ? (this.#pieces[0] ?? piece) : Buffer.concat(this.#pieces);
      const end = HEAD_BYTES + lengthIn(held);
      const isWhole = held.length >= end;
      this.#hold(isWhole ? held.subarray(end) : held);
      this.#wantedBytes = isWhole ? HEAD_BYTES : end;
      if (isWhole) yield held.subarray(HEAD_BYTES, end);
    }
  }

  #hold(rest: Buffer): void {
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
  }
}

function lengthIn(held: Buffer): number {
  if (held.readUInt8(0) !== 0) throw new GrpcError(Status.internal, 'a compressed message, which was not asked for');
  const length = held.readUInt32BE(1);
  if (length > MAX_MESSAGE_BYTES) throw new GrpcError(Status.resourceExhausted, `a message of ${String(length)} bytes, more than ${String(MAX_MESSAGE_BYTES)}`);
  return length;
}
