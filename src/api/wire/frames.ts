/** HTTP/2 frames as RFC 9113 has them: section 4.1 (layout), section 6 (types and flags). */

/** What a client sends before its first frame (section 3.4). */
export const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const FRAME_HEADER_BYTES = 9;

/**
 * The largest payload that a peer may send: SETTINGS_MAX_FRAME_SIZE where nothing else is advertised,
 * and neither Node nor grpc-js advertises anything else.
 */
export const MAX_FRAME_BYTES = 16_384;

export const FrameType = {
  headers: 0x1,
  settings: 0x4,
  pushPromise: 0x5,
  goaway: 0x7,
  continuation: 0x9,
} as const;

export const FrameFlag = {
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

export interface FrameHeader {
  /** Bytes of payload. */
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

/** Reads the nine bytes at the start of `bytes`. */
export function parseFrameHeader(bytes: Buffer): FrameHeader {
  return {
    length: bytes.readUIntBE(0, 3),
    type: bytes.readUInt8(3),
    flags: bytes.readUInt8(4),
    streamId: bytes.readUInt32BE(5) & 0x7fff_ffff,
  };
}

/** One whole frame. The caller keeps `payload` within MAX_FRAME_BYTES. */
export function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes.writeUInt8(type, 3);
  bytes.writeUInt8(flags, 4);
  bytes.writeUInt32BE(streamId, 5);
  payload.copy(bytes, FRAME_HEADER_BYTES);
  return bytes;
}

/** A SETTINGS frame that changes nothing: all that a server's connection preface needs (section 3.4). */
export function emptySettings(): Buffer {
  return frame(FrameType.settings, 0, 0, Buffer.alloc(0));
}

/**
 * @param lastStreamId the highest stream that may have been worked on; a client may safely repeat those above
 * @param reason debug data for whoever reads a trace
 */
export function goaway(lastStreamId: number, http2Code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8').subarray(0, 256);
  const payload = Buffer.allocUnsafe(8 + text.length);
  payload.writeUInt32BE(lastStreamId, 0);
  payload.writeUInt32BE(http2Code, 4);
  text.copy(payload, 8);
  return frame(FrameType.goaway, 0, 0, payload);
}
