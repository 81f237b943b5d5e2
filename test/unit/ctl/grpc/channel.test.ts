import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerDuplexStream, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import type { Method } from '../../../../src/ctl/grpc/call';
import { Channel } from '../../../../src/ctl/grpc/channel';

function method(name: string): Method<Buffer, Buffer> {
  return { path: `/test.Echo/${name}`, requestSerialize: (bytes) => bytes, responseDeserialize: (bytes) => bytes };
}

const [say, many, hold, chat] = ['Say', 'Many', 'Hold', 'Chat'].map(method) as [Method<Buffer, Buffer>, Method<Buffer, Buffer>, Method<Buffer, Buffer>, Method<Buffer, Buffer>];
const bytes = (value: Buffer): Buffer => value;

function definitionOf({ path }: Method<Buffer, Buffer>, requestStream: boolean, responseStream: boolean) {
  return { path, requestStream, responseStream, requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes };
}

/** grpc-js' server: an echo, one that answers often, one that never ends, and one that goes on both ways. */
class EchoServer {
  readonly #directory = mkdtempSync(join(tmpdir(), 'holdfast-echo-'));
  readonly path = join(this.#directory, 'echo.sock');
  /** Resolves when a call of Hold is cancelled. */
  readonly cancelled: Promise<void>;
  #tellCancelled: () => void = () => undefined;
  #server = new Server();

  constructor() {
    this.cancelled = new Promise((resolve) => { this.#tellCancelled = resolve; });
  }

  async listen(): Promise<void> {
    this.#server = new Server({ 'grpc.max_receive_message_length': -1 });
    this.#server.addService(
      { say: definitionOf(say, false, false), many: definitionOf(many, false, true), hold: definitionOf(hold, false, true), chat: definitionOf(chat, true, true) },
      {
        say: ({ request }: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
          if (request.length > 0) answer(null, request);
          else answer({ code: status.NOT_FOUND, details: 'nothing to say: ä%' });
        },
        many: (call: ServerWritableStream<Buffer, Buffer>) => {
          for (let at = 0; at < call.request.readUInt32BE(0); at += 1) call.write(Buffer.from(String(at)));
          call.end();
        },
        hold: (call: ServerWritableStream<Buffer, Buffer>) => {
          call.sendMetadata(call.metadata);
          call.on('cancelled', this.#tellCancelled);
        },
        chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
          call.on('data', (said: Buffer) => call.write(said));
          call.on('end', () => { call.end(); });
        },
      },
    );
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix://${this.path}`, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  /** As a killed daemon does. */
  vanish(): void {
    this.#server.forceShutdown();
    rmSync(this.path, { force: true });
  }

  close(): void {
    this.vanish();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

let server: EchoServer;
let channel: Channel;
beforeEach(async () => {
  server = new EchoServer();
  await server.listen();
  channel = new Channel(server.path);
});
afterEach(() => {
  channel.close();
  server.close();
});

test('one answer, and one of several megabytes', async () => {
  expect((await channel.unary(say, Buffer.from('hello'))).toString()).toBe('hello');
  const large = Buffer.alloc(9 * 1024 * 1024, 'x');
  expect((await channel.unary(say, large)).equals(large)).toBe(true);
});

test("the server's own status and words", async () => {
  await expect(channel.unary(say, Buffer.alloc(0))).rejects.toMatchObject({ code: status.NOT_FOUND, details: 'nothing to say: ä%' });
  await expect(channel.unary(method('Nobody'), Buffer.from('x'))).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
});

test('many answers, in order', async () => {
  const count = Buffer.from([0, 0, 0x10, 0]);
  const said: number[] = [];
  for await (const answer of channel.stream(many, count)) said.push(Number(answer));
  expect(said).toEqual([...Array(0x1000).keys()]);
});

test('a call that is cancelled ends at both sides', async () => {
  const call = channel.stream(hold, Buffer.alloc(0));
  await call.opened;
  call.cancel();
  await server.cancelled;
  await expect(call[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: status.CANCELLED });
});

test('who stops reading cancels', async () => {
  const abort = new AbortController();
  const call = channel.stream(hold, Buffer.alloc(0), { signal: abort.signal });
  await call.opened;
  abort.abort();
  await server.cancelled;
});

test('both ways, and the end of one is the end of the other', async () => {
  const call = channel.duplex(chat);
  for (const word of ['one', 'two']) call.write(Buffer.from(word));
  const said: string[] = [];
  for await (const answer of call) {
    said.push(answer.toString());
    if (said.length === 2) call.write(Buffer.from('three'));
    if (said.length === 3) call.end();
  }
  expect(said).toEqual(['one', 'two', 'three']);
});

test('a write says when there is no room, and there is again once the server has read', async () => {
  const call = channel.duplex(chat);
  const drained = new Promise<void>((resolve) => { call.onDrain(resolve); });
  expect(call.write(Buffer.alloc(1024 * 1024))).toBe(false);
  await drained;
  call.cancel();
});

test('a server that goes in the middle of a call, and the next call once it is back', async () => {
  const call = channel.stream(hold, Buffer.alloc(0));
  await call.opened;
  server.vanish();
  await expect(call[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: status.UNAVAILABLE });
  await expect(channel.unary(say, Buffer.from('x'))).rejects.toMatchObject({ code: status.UNAVAILABLE, details: `connect ENOENT ${server.path}` });
  const waiting = channel.unary(say, Buffer.from('back'), { waitForServer: true });
  await server.listen();
  expect((await waiting).toString()).toBe('back');
});

test('one that waits for a server can be cancelled', async () => {
  server.vanish();
  const call = channel.stream(say, Buffer.from('x'), { waitForServer: true });
  call.cancel();
  await expect(call.opened).rejects.toMatchObject({ code: status.CANCELLED });
});
