import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { frame } from '../../../../src/api/wire/frames';
import { FrameRewriter } from '../../../../src/api/wire/frame-rewriter';
import { RepairedConnection } from '../../../../src/api/wire/repaired-connection';
import type { WireError } from '../../../../src/api/wire/wire-error';
import { greeting } from './frame-kit';

const FRAME = frame(0x0, 0, 1, Buffer.alloc(16_384, 1));
const FRAMES = 512;

let directory: string;
let server: Server;
let client: Socket;
let socket: Socket;
let given: { socket: Socket; error: WireError; mayWrite: boolean }[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-repaired-'));
  server = createServer().listen(join(directory, 'sock'));
  await once(server, 'listening');
  client = connect({ path: join(directory, 'sock'), allowHalfOpen: true });
  client.on('error', () => {});
  [socket] = (await once(server, 'connection')) as [Socket];
  given = [];
});
afterEach(async () => {
  client.destroy();
  // Not events.once: bytes that the client has not read make this an error, which is no matter.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  server.close();
  rmSync(directory, { recursive: true });
});

function repair(): RepairedConnection {
  const giveBack = (back: Socket, error: WireError, mayWrite: boolean): void => {
    given.push({ socket: back, error, mayWrite });
  };
  return new RepairedConnection(socket, new FrameRewriter(), Buffer.alloc(0), giveBack);
}

describe('a repaired connection', () => {
  it('stops reading from a client while the server does not read', async () => {
    const connection = repair();
    client.write(greeting());
    for (let turn = 0; turn < FRAMES; turn++) client.write(FRAME);
    connection.read(0);
    await once(socket, 'pause');
    // What the stream holds, and one read from the descriptor.
    expect(connection.readableLength).toBeLessThanOrEqual(connection.readableHighWaterMark + 65_536);
    let received = 0;
    const total = greeting().length + FRAMES * FRAME.length;
    connection.on('data', (chunk: Buffer) => (received += chunk.length));
    while (received < total) await once(connection, 'data');
    expect(received).toBe(total);
  });

  it('stops taking from the server while a client does not read', async () => {
    const connection = repair();
    let written = 0;
    // A turn of the loop for each frame: what the kernel takes is then gone from the socket again.
    while (socket.writableLength === 0 && written < FRAMES) {
      connection.write(FRAME);
      written++;
      await nextTurn();
    }
    // The kernel has taken what it can. The frames after wait in the stream, not in the socket.
    let more = 1;
    while (connection.write(FRAME) && more < FRAMES) more++;
    await nextTurn();
    expect(connection.writableLength).toBe((more + 1) * FRAME.length);
    expect(connection.writableLength).toBeLessThan(connection.writableHighWaterMark + 2 * FRAME.length);
    expect(socket.writableLength).toBeLessThanOrEqual(FRAME.length);
    client.resume();
    await once(connection, 'drain');
    expect(connection.writableLength).toBe(0);
    expect(written).toBeLessThan(FRAMES);
  });

  it('ends when the client ends, and not before all is read', async () => {
    const connection = repair();
    client.end(Buffer.concat([greeting(), FRAME]));
    const chunks: Buffer[] = [];
    for await (const chunk of connection) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks)).toEqual(Buffer.concat([greeting(), FRAME]));
    await once(socket, 'close');
    expect(connection.destroyed).toBe(true);
  });

  it('closes with the socket, and the socket with it', async () => {
    const connection = repair();
    client.destroy();
    connection.resume();
    await once(connection, 'close');
    expect(socket.destroyed).toBe(true);
  });

  it('ends the socket when the server ends, after the last byte', async () => {
    const connection = repair();
    connection.end(FRAME);
    const chunks: Buffer[] = [];
    for await (const chunk of client) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks)).toEqual(FRAME);
  });

  it.each([
    ['between two frames', FRAME, true],
    ['within a frame', FRAME.subarray(0, 100), false],
  ])('gives the socket back %s when the client is malformed', async (_where, sent, mayWrite) => {
    const connection = repair();
    connection.write(sent);
    connection.resume();
    client.write('nonsense');
    await once(connection, 'close');
    expect(given).toEqual([{ socket, error: expect.objectContaining({ code: 'bad-preface' }) as WireError, mayWrite }]);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });
});
