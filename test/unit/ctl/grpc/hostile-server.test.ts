import type { Socket } from 'node:net';
import { FrameFlag, FrameType, frame } from '../../../../src/api/wire/frames';
import type { Method } from '../../../../src/ctl/grpc/call';
import { Channel } from '../../../../src/ctl/grpc/channel';
import { GrpcError, Status } from '../../../../src/ctl/grpc/status';
import { RawServer, block, firstStream, headers } from './raw-server';

const data = 0x0;
const rstStream = 0x3;
const goaway = 0x7;
const refusedStream = 7;

const echo: Method<string, string> = {
  path: '/test.Echo/Say',
  requestSerialize: (text) => Buffer.from(text),
  responseDeserialize: (bytes) => {
    if (bytes.includes(0xff)) throw new Error('not mine');
    return bytes.toString();
  },
};

/** What a call fails with where a server answers so. */
async function failure(server: RawServer): Promise<Pick<GrpcError, 'code' | 'details'>> {
  const channel = new Channel(server.path);
  try {
    const answer = await channel.unary(echo, 'hello');
    throw new Error(`no failure, but ${answer}`);
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    return { code: error.code, details: error.details };
  } finally {
    channel.close();
    server.close();
  }
}

function sends(...frames: readonly Buffer[]): (socket: Socket) => void {
  return (socket) => { socket.write(Buffer.concat(frames)); };
}

function dataFrame(bytes: readonly number[], flags = 0): Buffer {
  return frame(data, flags, firstStream, Buffer.from(bytes));
}

function trailers(fields: Readonly<Record<string, string>>): Buffer {
  return frame(FrameType.headers, FrameFlag.endHeaders | FrameFlag.endStream, firstStream, block(fields));
}

test.each([
  ['HTTP/1.1', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['noise', '\xff'.repeat(1000)],
])('%s is no HTTP/2', async (_what, bytes) => {
  expect(await failure(await RawServer.start((socket) => { socket.end(Buffer.from(bytes, 'latin1')); }))).toEqual({ code: Status.unavailable, details: 'Protocol error' });
});

test('a server that goes without a word', async () => {
  expect(await failure(await RawServer.start((socket) => { socket.end(); }))).toEqual({ code: Status.unavailable, details: 'the connection was closed' });
});

test('nobody at the path', async () => {
  const server = await RawServer.start(() => undefined);
  server.close();
  expect(await failure(server)).toEqual({ code: Status.unavailable, details: `connect ENOENT ${server.path}` });
});

test('half a frame, and the end', async () => {
  const server = await RawServer.speaking((socket) => { socket.end(headers.subarray(0, 12)); });
  expect(await failure(server)).toEqual({ code: Status.unavailable, details: 'the connection was closed' });
});

test('a length prefix of 4 GiB', async () => {
  const server = await RawServer.speaking(sends(headers, dataFrame([0, 0xff, 0xff, 0xff, 0xff])));
  expect(await failure(server)).toMatchObject({ code: Status.resourceExhausted });
});

test('a message that is cut off, with a status that says all is well', async () => {
  const server = await RawServer.speaking(sends(headers, dataFrame([0, 0, 0, 0, 9, 0x61]), trailers({ 'grpc-status': '0' })));
  expect(await failure(server)).toEqual({ code: Status.internal, details: 'the last message was cut off' });
});

test('a message that is none', async () => {
  const server = await RawServer.speaking(sends(headers, dataFrame([0, 0, 0, 0, 1, 0xff])));
  expect(await failure(server)).toMatchObject({ code: Status.internal, details: expect.stringContaining('not mine') as string });
});

test('no status at the end', async () => {
  const server = await RawServer.speaking(sends(headers, dataFrame([0, 0, 0, 0, 1, 0x61], FrameFlag.endStream)));
  expect(await failure(server)).toMatchObject({ code: Status.internal });
});

test('a status that is no number', async () => {
  const server = await RawServer.speaking(sends(headers, trailers({ 'grpc-status': 'fine' })));
  expect(await failure(server)).toMatchObject({ code: Status.unknown });
});

test('no answer and two answers where one is wanted', async () => {
  const one = dataFrame([0, 0, 0, 0, 1, 0x61]);
  const ok = trailers({ 'grpc-status': '0' });
  expect(await failure(await RawServer.speaking(sends(headers, ok)))).toEqual({ code: Status.internal, details: '0 answers instead of one' });
  expect(await failure(await RawServer.speaking(sends(headers, one, one, ok)))).toEqual({ code: Status.internal, details: '2 answers instead of one' });
});

test('a grpc-message is decoded, also one that is not encoded well', async () => {
  const said = async (message: string): Promise<string> => (await failure(await RawServer.speaking(sends(headers, trailers({ 'grpc-status': '5', 'grpc-message': message }))))).details;
  expect(await said('no%20such%20%C3%A4')).toBe('no such ä');
  expect(await said('50% of %zz')).toBe('50% of %zz');
});

test('an HTTP/2 server that speaks no gRPC', async () => {
  const server = await RawServer.speaking(sends(trailers({ ':status': '404', 'content-type': 'text/html' })));
  expect(await failure(server)).toEqual({ code: Status.unimplemented, details: "an answer in HTTP that is not gRPC's: status 404, text/html" });
});

test('headers without end', async () => {
  const server = await RawServer.speaking((socket) => {
    socket.write(frame(FrameType.headers, 0, firstStream, block({ ':status': '200' })));
    const more = frame(FrameType.continuation, 0, firstStream, block({ 'x-more': 'x'.repeat(100) }));
    const flood = (): void => {
      while (socket.writable && socket.write(more));
      if (socket.writable) socket.once('drain', flood);
    };
    flood();
  });
  expect(await failure(server)).toMatchObject({ code: Status.unavailable });
});

test('a stream that is reset', async () => {
  const reset = frame(rstStream, 0, firstStream, Buffer.from([0, 0, 0, refusedStream]));
  expect(await failure(await RawServer.speaking(sends(reset)))).toMatchObject({ code: Status.unavailable });
});

test('GOAWAY before the answer', async () => {
  const gone = frame(goaway, 0, 0, Buffer.alloc(8));
  const server = await RawServer.speaking((socket) => { socket.end(gone); });
  expect(await failure(server)).toMatchObject({ code: Status.unavailable });
});
