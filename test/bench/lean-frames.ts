import { CLIENT_PREFACE, FrameType, frame } from '../../src/api/wire/frames';

/** The types of frames that a client needs beside those of the daemon's own wire (RFC 9113, section 6). */
export const ClientFrameType = { data: 0x0, rstStream: 0x3, ping: 0x6, windowUpdate: 0x8 } as const;

const SETTINGS_INITIAL_WINDOW_SIZE = 0x4;
/** Of a stream and of the connection (section 6.9.1): so large that no window needs an update in a benchmark. */
const windowBytes = 0x7fff_ffff;
const initialWindowBytes = 0xffff;

/** What a client sends before its first request. */
export function greeting(): Buffer {
  return Buffer.concat([CLIENT_PREFACE, settings(), windowUpdate()]);
}

/**
 * The header block of a request, literal fields without indexing (RFC 7541, 6.2.2): that of a method is the same each time.
 * @param more headers beside those of each call; names and values shorter than 127 bytes
 */
export function headerBlock(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const fields = [
    [':method', 'POST'], [':scheme', 'http'], [':path', path], [':authority', 'localhost'],
    ['content-type', 'application/grpc'], ['user-agent', 'holdfast-bench'], ['te', 'trailers'],
    ...Object.entries(more),
  ];
  return Buffer.concat(fields.map(([name = '', value = '']) => Buffer.concat([Buffer.of(0), text(name), text(value)])));
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);
}

function settings(): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(SETTINGS_INITIAL_WINDOW_SIZE, 0);
  payload.writeUInt32BE(windowBytes, 2);
  return frame(FrameType.settings, 0, 0, payload);
}

function windowUpdate(): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(windowBytes - initialWindowBytes);
  return frame(ClientFrameType.windowUpdate, 0, 0, payload);
}
