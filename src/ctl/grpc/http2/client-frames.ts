import { CLIENT_PREFACE, FrameType, frame } from '../../../api/wire/frames';

/** The types of frames that a client needs beside those of the daemon's own wire (RFC 9113, section 6). */
export const ClientFrameType = { data: 0x0, rstStream: 0x3, ping: 0x6, windowUpdate: 0x8 } as const;

/** Parameters of SETTINGS (section 6.5.2). */
export const Setting = { enablePush: 0x2, initialWindowSize: 0x4 } as const;

/** Of each stream and of the connection, as long as nobody says otherwise (section 6.9.2). */
export const DEFAULT_WINDOW_BYTES = 0xffff;
/** Of any window (section 6.9.1). */
export const MAX_WINDOW_BYTES = 0x7fff_ffff;

/** What a client sends before its first request. @param streamWindowBytes of each stream @param windowBytes of the connection */
export function greeting(streamWindowBytes: number, windowBytes: number): Buffer {
  const settings = [[Setting.enablePush, 0], [Setting.initialWindowSize, streamWindowBytes]] as const;
  const payload = Buffer.alloc(6 * settings.length);
  for (const [at, [name, value]] of settings.entries()) payload.writeUInt32BE(value, payload.writeUInt16BE(name, 6 * at));
  return Buffer.concat([CLIENT_PREFACE, frame(FrameType.settings, 0, 0, payload), windowUpdate(0, windowBytes - DEFAULT_WINDOW_BYTES)]);
}

/** So many bytes more may come. @param streamId 0 for the connection */
export function windowUpdate(streamId: number, bytes: number): Buffer {
  return frame(ClientFrameType.windowUpdate, 0, streamId, uint32(bytes));
}

/** @param code of section 7 */
export function rstStream(streamId: number, code: number): Buffer {
  return frame(ClientFrameType.rstStream, 0, streamId, uint32(code));
}

/**
 * The header block of a request, literal fields without indexing (RFC 7541, 6.2.2): that of a method is the same each time.
 * @param more headers beside those of each call; names and values shorter than 127 bytes
 */
export function headerBlock(path: string, userAgent: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const fields = [
    [':method', 'POST'], [':scheme', 'http'], [':path', path], [':authority', 'localhost'],
    ['content-type', 'application/grpc'], ['user-agent', userAgent], ['te', 'trailers'],
    ...Object.entries(more),
  ];
  return Buffer.concat(fields.map(([name = '', value = '']) => Buffer.concat([Buffer.of(0), text(name), text(value)])));
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
