import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameFlag, FrameType, emptySettings, frame } from '../../../../src/api/wire/frames';

/** The stream of a client's first call. */
export const firstStream = 1;

/** A header block of literal fields (RFC 7541, 6.2.2). */
export function block(fields: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);
  return Buffer.concat(Object.entries(fields).map(([name, value]) => Buffer.concat([Buffer.of(0), text(name), text(value)])));
}

/** The headers of an answer that goes on. */
export const headers = frame(FrameType.headers, FrameFlag.endHeaders, firstStream, block({ ':status': '200', 'content-type': 'application/grpc' }));

/** Listens on a unix socket, and answers the first bytes of each connection with bytes that a test has made. */
export class RawServer {
  readonly #directory = mkdtempSync(join(tmpdir(), 'holdfast-raw-'));
  readonly path = join(this.#directory, 'raw.sock');
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(answer: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      // The client goes away as it likes.
      socket.on('error', () => undefined);
      socket.once('data', () => { answer(socket); });
    });
  }

  /** @param answer writes what it likes, after SETTINGS */
  static speaking(answer: (socket: Socket) => void): Promise<RawServer> {
    return RawServer.start((socket) => {
      socket.write(emptySettings());
      answer(socket);
    });
  }

  static async start(answer: (socket: Socket) => void): Promise<RawServer> {
    const server = new RawServer(answer);
    await new Promise<void>((resolve) => { server.#server.listen(server.path, resolve); });
    return server;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
