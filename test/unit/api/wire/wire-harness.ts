import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { APIService, type Event, type EventsRequest } from '../../../../src/api/gen/legacy/api';
import { HealthService } from '../../../../src/api/gen/health';
import { FRAME_HEADER_BYTES, type FrameHeader, FrameFlag, FrameType, parseFrameHeader } from '../../../../src/api/wire/frames';
import { HpackDecoder } from '../../../../src/api/wire/hpack-decoder';
import { LegacyWireServer, type LegacyWireOptions } from '../../../../src/api/wire/legacy-wire-server';
import { plainGrpcMessage } from '../../../../src/api/wire/plain-grpc-message';
import type { WireError } from '../../../../src/api/wire/wire-error';

/** The text that every Signal call fails with. */
export const SIGNAL_ERROR = 'oci runtime error: 100% “gone”\n';

/** A real gRPC server behind a real unix socket, with the legacy wire in between. */
export class WireHarness {
  readonly directory = mkdtempSync(join(tmpdir(), 'holdfast-wire-'));
  readonly path = join(this.directory, 'daemon.sock');
  /** The methods called, in order, with the bytes that came for them. */
  readonly calls: { path: string; request: unknown }[] = [];
  readonly handOvers: string[] = [];
  readonly malformed: WireError[] = [];
  readonly sockets = new Set<Socket>();
  /** Streams of Events that are open. */
  readonly streams = new Set<ServerWritableStream<EventsRequest, Event>>();
  readonly wire: LegacyWireServer;
  readonly #grpc = new Server();
  readonly #net: NetServer;
  readonly #waiting = new Set<() => void>();

  constructor(options: Partial<LegacyWireOptions> = {}) {
    this.#addServices();
    this.wire = new LegacyWireServer({
      injector: this.#grpc.createConnectionInjector(ServerCredentials.createInsecure()),
      onMalformed: (error) => {
        this.malformed.push(error);
        this.#changed();
      },
      onHandOver: (kind) => this.handOvers.push(kind),
      ...options,
    });
    this.#net = createServer((socket) => {
      this.sockets.add(socket);
      socket.once('close', () => {
        this.sockets.delete(socket);
        this.#changed();
      });
      this.wire.accept(socket);
    });
  }

  async listen(): Promise<this> {
    this.#net.listen(this.path);
    await once(this.#net, 'listening');
    return this;
  }

  /** Waits, event by event, until something holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Ends the gRPC server and its connections, at once. */
  shutDown(): void {
    this.#grpc.forceShutdown();
  }

  /** Fails where a socket or a stream is left once the clients have gone. */
  async stop(): Promise<void> {
    await this.until(() => this.sockets.size === 0 && this.streams.size === 0);
    this.wire.close();
    this.shutDown();
    this.#net.close();
    await once(this.#net, 'close');
    rmSync(this.directory, { recursive: true });
    expect(this.wire.pending).toBe(0);
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #addServices(): void {
    const handlers = Object.fromEntries(
      Object.entries(APIService).map(([name, method]) => [
        name,
        (call: ServerUnaryCall<object, object>, reply: sendUnaryData<object>) => {
          this.calls.push({ path: method.path, request: call.request });
          reply(null, method.responseDeserialize(Buffer.alloc(0)));
        },
      ]),
    );
    this.#grpc.addService(APIService, {
      ...handlers,
      signal: (_call: ServerUnaryCall<object, object>, reply: sendUnaryData<object>) => {
        reply({ code: status.UNKNOWN, details: SIGNAL_ERROR, metadata: plainGrpcMessage(SIGNAL_ERROR) });
      },
      events: (call: ServerWritableStream<EventsRequest, Event>) => {
        this.calls.push({ path: APIService.events.path, request: call.request });
        this.streams.add(call);
        call.sendMetadata(new Metadata());
        call.on('cancelled', () => {
          this.streams.delete(call);
          this.#changed();
        });
        this.#changed();
      },
    });
    this.#grpc.addService(HealthService, {
      check: (call: ServerUnaryCall<object, object>, reply: sendUnaryData<object>) => {
        this.calls.push({ path: HealthService.check.path, request: call.request });
        reply(null, { status: 1 });
      },
    });
  }
}

/** What came back on one stream. */
export interface Answer {
  readonly fields: Map<string, string>;
  /** The stream has ended, by END_STREAM or RST_STREAM. */
  ended: boolean;
  reset: boolean;
}

/** A client that sends whatever bytes it is given, and reads the server's frames. */
export class RawClient {
  readonly socket: Socket;
  readonly frames: FrameHeader[] = [];
  readonly answers = new Map<number, Answer>();
  /** Error code and debug text of the server's GOAWAY. */
  goaway: { code: number; lastStreamId: number; text: string } | undefined;
  closed = false;
  readonly #decoder = new HpackDecoder();
  #unread = Buffer.alloc(0);
  readonly #waiting = new Set<() => void>();

  constructor(path: string) {
    this.socket = connect(path);
    this.socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  /** Sends the pieces one after the other, each as a segment of its own. */
  async send(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      await new Promise<void>((resolve) => this.socket.write(piece, () => setImmediate(resolve)));
    }
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.until(() => this.closed);
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#unread.length >= FRAME_HEADER_BYTES) {
      const header = parseFrameHeader(this.#unread);
      const end = FRAME_HEADER_BYTES + header.length;
      if (this.#unread.length < end) break;
      this.#take(header, this.#unread.subarray(FRAME_HEADER_BYTES, end));
      this.#unread = this.#unread.subarray(end);
    }
    this.#changed();
  }

  #take(header: FrameHeader, payload: Buffer): void {
    this.frames.push(header);
    if (header.type === FrameType.goaway) {
      const [lastStreamId, code] = [payload.readUInt32BE(0), payload.readUInt32BE(4)];
      this.goaway = { code, lastStreamId, text: payload.toString('utf8', 8) };
    }
    if (header.streamId === 0) return;
    const answer = this.answers.get(header.streamId) ?? { fields: new Map(), ended: false, reset: false };
    this.answers.set(header.streamId, answer);
    if (header.type === FrameType.headers) {
      for (const { name, value } of this.#decoder.decode(payload)) answer.fields.set(name, value);
    }
    const carriesEnd = header.type === FrameType.headers || header.type === 0x0;
    if (carriesEnd && (header.flags & FrameFlag.endStream) !== 0) answer.ended = true;
    if (header.type === 0x3) answer.ended = answer.reset = true;
  }
}
