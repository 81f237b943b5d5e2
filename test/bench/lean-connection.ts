import { type Socket, connect } from 'node:net';

import { FRAME_HEADER_BYTES, FrameFlag, FrameType, MAX_FRAME_BYTES, frame, parseFrameHeader } from '../../src/api/wire/frames';
import { HpackDecoder } from '../../src/api/wire/hpack-decoder';
import { CallError, type Method } from '../legacy-client/wire';
import { ClientFrameType, greeting, headerBlock } from './lean-frames';

const messageHeadBytes = 5;
const unavailable = 14;

/** A call under way. */
interface Call {
  readonly path: string;
  readonly onMessage: (message: Buffer) => void;
  readonly onHeaders: () => void;
  readonly onEnd: (error?: Error) => void;
  rest: Buffer;
}

/**
 * A gRPC client that costs next to nothing: the HTTP/2 that this daemon's answers need, on a bare socket, one
 * write for a call. What the client takes counts among the daemon's time in a latency: this one 0.05 to 0.15 ms of
 * processor time for a call, Node's own HTTP/2 0.15 to 0.4.
 */
export class LeanConnection {
  readonly #socket: Socket;
  readonly #decoder = new HpackDecoder();
  readonly #blocks = new Map<string, Buffer>();
  readonly #calls = new Map<number, Call>();
  #nextId = 1;
  #rest: Buffer = Buffer.alloc(0);
  /** Goes out with the first request: a server that is to repair old clients' requests decides by that one. */
  #greeting: Buffer = greeting();

  /** @param headers of each call, beside those of gRPC */
  constructor(socketPath: string, private readonly headers: Readonly<Record<string, string>> = {}) {
    this.#socket = connect(socketPath);
    this.#socket.on('data', (chunk) => { this.#take(chunk); });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => { this.#breakOff(); });
  }

  /** One request, one answer. Rejects with a CallError. */
  unary<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      let answer: Response | undefined;
      this.#call(method, request, {
        onMessage: (message) => (answer = method.responseDeserialize(message)),
        onHeaders: () => undefined,
        onEnd: (error) => {
          if (error !== undefined) reject(error);
          else if (answer === undefined) reject(new CallError(method.path, unavailable, 'no answer, and no error'));
          else resolve(answer);
        },
      });
    });
  }

  /** One request, many answers. Resolves at the response headers; `onEnd` hears of the end. */
  stream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    onMessage: (message: Response) => void,
    onEnd: (error?: Error) => void,
  ): Promise<void> {
    return new Promise((resolve) => {
      this.#call(method, request, { onMessage: (message) => { onMessage(method.responseDeserialize(message)); }, onHeaders: resolve, onEnd });
    });
  }

  /** One request, and all answers once the last is there. */
  all<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response[]> {
    const answers: Response[] = [];
    return new Promise((resolve, reject) => {
      void this.stream(method, request, (answer) => answers.push(answer), (error) => {
        if (error === undefined) resolve(answers);
        else reject(error);
      });
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #call<Request, Response>(method: Method<Request, Response>, request: Request, call: Pick<Call, 'onMessage' | 'onHeaders' | 'onEnd'>): void {
    const id = this.#nextId;
    this.#nextId += 2;
    this.#calls.set(id, { ...call, path: method.path, rest: Buffer.alloc(0) });
    const message = method.requestSerialize(request);
    if (messageHeadBytes + message.length > MAX_FRAME_BYTES) throw new Error(`${method.path}: a request of ${String(message.length)} bytes`);
    const head = Buffer.alloc(messageHeadBytes);
    head.writeUInt32BE(message.length, 1);
    const headers = frame(FrameType.headers, FrameFlag.endHeaders, id, this.#blockOf(method.path));
    this.#socket.write(Buffer.concat([this.#greeting, headers, frame(ClientFrameType.data, FrameFlag.endStream, id, Buffer.concat([head, message]))]));
    this.#greeting = Buffer.alloc(0);
  }

  #blockOf(path: string): Buffer {
    const block = this.#blocks.get(path) ?? headerBlock(path, this.headers);
    this.#blocks.set(path, block);
    return block;
  }

  #take(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= FRAME_HEADER_BYTES) {
      const { length, type, flags, streamId } = parseFrameHeader(bytes);
      const end = FRAME_HEADER_BYTES + length;
      if (bytes.length < end) break;
      this.#frame(type, flags, streamId, bytes.subarray(FRAME_HEADER_BYTES, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }

  #frame(type: number, flags: number, streamId: number, payload: Buffer): void {
    const isAck = (flags & FrameFlag.ack) !== 0;
    switch (type) {
      case ClientFrameType.data:
        this.#data(streamId, payload);
        return;
      case FrameType.headers:
        this.#headers(streamId, flags, payload);
        return;
      case ClientFrameType.rstStream:
        this.#end(streamId, 2, 'the stream was reset');
        return;
      case FrameType.settings:
        if (!isAck) this.#socket.write(frame(FrameType.settings, FrameFlag.ack, 0, Buffer.alloc(0)));
        return;
      case ClientFrameType.ping:
        if (!isAck) this.#socket.write(frame(ClientFrameType.ping, FrameFlag.ack, 0, payload));
        return;
      case FrameType.continuation:
        // The daemon's header blocks are far below a frame's 16 KiB.
        throw new Error('a CONTINUATION frame, which this client cannot read');
      default:
        return;
    }
  }

  #data(streamId: number, payload: Buffer): void {
    const call = this.#calls.get(streamId);
    if (call === undefined) return;
    let bytes = call.rest.length === 0 ? payload : Buffer.concat([call.rest, payload]);
    while (bytes.length >= messageHeadBytes && bytes.length >= messageHeadBytes + bytes.readUInt32BE(1)) {
      const end = messageHeadBytes + bytes.readUInt32BE(1);
      call.onMessage(bytes.subarray(messageHeadBytes, end));
      bytes = bytes.subarray(end);
    }
    call.rest = bytes;
  }

  #headers(streamId: number, flags: number, block: Buffer): void {
    const fields = new Map(this.#decoder.decode(block).map(({ name, value }) => [name, value]));
    if ((flags & FrameFlag.endStream) === 0) this.#calls.get(streamId)?.onHeaders();
    else this.#end(streamId, Number(fields.get('grpc-status')), fields.get('grpc-message') ?? '');
  }

  #end(streamId: number, status: number, details: string): void {
    const call = this.#calls.get(streamId);
    this.#calls.delete(streamId);
    call?.onEnd(status === 0 ? undefined : new CallError(call.path, status, details));
  }

  #breakOff(): void {
    for (const streamId of [...this.#calls.keys()]) this.#end(streamId, unavailable, 'the connection was closed');
  }
}
