import type { BlobReader } from '../../../images/content/content-store';
import type { ReadContentResponse } from '../../gen/containerd/services/content/v1/content';
import type { Send } from '../../call';
import { FaceError } from '../errors';

/** Bytes of one message. */
const pieceBytes = 1 << 20;

/**
 * Sends a part of a blob: `size` bytes from `offset` on, or all of the rest where that is 0 or more than there is. What is sent counts its offsets from
 * the part's beginning. Closes the reader.
 */
export async function readContent(reader: BlobReader, { offset, size }: { offset: bigint; size: bigint }, send: Send<ReadContentResponse>, cancel: AbortSignal): Promise<void> {
  try {
    if (offset < 0n) throw new FaceError('out-of-range', `read at a negative offset ${String(offset)}`);
    if (offset > BigInt(reader.size)) throw new FaceError('out-of-range', `read past object length ${String(reader.size)} bytes`);
    const from = Number(offset);
    const rest = reader.size - from;
    const length = size > 0n && size < BigInt(rest) ? Number(size) : rest;
    for (let sent = 0; sent < length && !cancel.aborted;) {
      const data = await reader.read(from + sent, Math.min(pieceBytes, length - sent));
      if (data.length === 0) throw new FaceError('data-loss', `${reader.digest} has ${String(from + sent)} bytes, and should have ${String(reader.size)}`);
      send({ offset: BigInt(sent), data });
      sent += data.length;
      await send.untilRoom();
    }
  } finally {
    reader.close();
  }
}
