import { type Socket, connect } from 'node:net';
import { FRAME_HEADER_BYTES, FrameFlag, type FrameHeader, FrameType, MAX_FRAME_BYTES, frame, parseFrameHeader } from '../../../api/wire/frames';
import { HeaderBlock } from '../../../api/wire/header-block';
import { HpackDecoder } from '../../../api/wire/hpack-decoder';
import { ClientFrameType, DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES, Setting, greeting, headerBlock, windowUpdate } from './client-frames';
import { ClientStream, ResetCode, type StreamWire, WINDOW_BYTES } from './client-stream';

/** Who listens and does not even greet for so long, as gRPC's own libraries have it, hangs, or is no server. */
const GREETING_TIMEOUT_MS = 20_000;
const NOTHING = Buffer.alloc(0);

/**
 * The client's end of HTTP/2 (RFC 9113) on a unix socket, from the socket's first moment to its end. Node's own is loaded in 5 ms of processor time (Node 20) or
 * 20 (Node 24), which is as much as all else that a quick verb does; this is as much of it as gRPC needs. A server that does not keep to the protocol ends the connection.
 */
export class Http2Connection {
  /** Somebody has accepted. */
  readonly connected: Promise<void>;
  /** And has spoken HTTP/2. */
  readonly greeted: Promise<void>;
  readonly #socket: Socket;
  readonly #decoder = new HpackDecoder();
  readonly #streams = new Map<number, ClientStream>();
  readonly #wire: StreamWire;
  #tellGreeted: () => void = () => undefined;
  #isGreeted = false;
  /** Of the next stream; a client's are odd (section 5.1.1). */
  #nextId = 1;
  #isGoing = false;
  #end: Error | undefined;
  /** The start of a frame that goes on. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #wantedBytes = FRAME_HEADER_BYTES;
  /** HEADERS that CONTINUATION goes on with. */
  #block: HeaderBlock | undefined;
  #sendWindow = DEFAULT_WINDOW_BYTES;
  #streamSendWindow = DEFAULT_WINDOW_BYTES;
  /** Has come since the server heard that it may send more. */
  #taken = 0;

  constructor(socketPath: string) {
    this.#socket = connect(socketPath);
    this.#socket.write(greeting(WINDOW_BYTES, WINDOW_BYTES));
    const tooLate = setTimeout(() => { this.#fail(`no answer within ${String(GREETING_TIMEOUT_MS / 1000)} s`); }, GREETING_TIMEOUT_MS);
    const closed = new Promise<never>((_resolve, reject) => {
      this.#socket.once('close', () => {
        clearTimeout(tooLate);
        this.#over(new Error('the connection was closed'));
        reject(this.#end ?? new Error('the connection was closed'));
      });
    });
    this.connected = Promise.race([closed, new Promise<void>((resolve) => { this.#socket.once('connect', resolve); })]);
    this.greeted = Promise.race([closed, new Promise<void>((resolve) => { this.#tellGreeted = resolve; })]).finally(() => { clearTimeout(tooLate); });
    // Each is asked for its own.
    for (const promise of [closed, this.connected, this.greeted]) promise.catch(() => undefined);
    this.#socket.on('error', (error) => { this.#over(error); });
    this.#socket.on('data', (bytes: Buffer) => { this.#take(bytes); });
    this.#socket.on('end', () => { this.#socket.destroy(); });
    this.#socket.on('drain', () => { this.#pumpAll(); });
    this.#wire = {
      write: (bytes) => this.#write(bytes),
      takeWindow: (bytes) => this.#takeWindow(bytes),
      forget: ({ id }) => { this.#streams.delete(id); },
    };
  }

  /** Whether requests may be begun. */
  get isUsable(): boolean {
    return !this.#isGoing && this.#end === undefined && this.#nextId <= MAX_WINDOW_BYTES;
  }

  /** Why it is over; undefined while it is not. */
  get end(): Error | undefined {
    return this.#end;
  }

  request(path: string): ClientStream {
    const stream = new ClientStream(this.#nextId, this.#wire, this.#streamSendWindow);
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    this.#write(frame(FrameType.headers, FrameFlag.endHeaders, stream.id, headerBlock(path, 'holdfastctl')));
    return stream;
  }

  /** May be called twice. */
  close(): void {
    this.#over(new Error('the connection was closed'));
  }

  #over(error: Error): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    for (const stream of [...this.#streams.values()]) stream.destroy(error);
    this.#socket.destroy();
  }

  #fail(what: string): void {
    this.#over(new Error(what));
  }

  #write(bytes: Buffer): boolean {
    if (this.#end !== undefined) return true;
    // What belongs together goes out at once.
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => { this.#socket.uncork(); });
    }
    return this.#socket.write(bytes);
  }

  #takeWindow(bytes: number): number {
    const length = Math.max(0, Math.min(bytes, this.#sendWindow));
    this.#sendWindow -= length;
    return length;
  }

  #pumpAll(): void {
    for (const stream of [...this.#streams.values()]) stream.pump();
  }

  #take(piece: Buffer): void {
    this.#rest.push(piece);
    this.#restBytes += piece.length;
    while (this.#restBytes >= this.#wantedBytes && this.#end === undefined) {
      const bytes = this.#rest.length === 1 ? (this.#rest[0] ?? NOTHING) : Buffer.concat(this.#rest);
      const header = parseFrameHeader(bytes);
      const length = FRAME_HEADER_BYTES + header.length;
      // What speaks another protocol has nearly always a length that no frame has.
      if (header.length > MAX_FRAME_BYTES || (!this.#isGreeted && header.type !== FrameType.settings)) {
        this.#fail('Protocol error');
        return;
      }
      const isWhole = bytes.length >= length;
      this.#rest = isWhole && bytes.length === length ? [] : [isWhole ? bytes.subarray(length) : bytes];
      this.#restBytes = isWhole ? bytes.length - length : bytes.length;
      this.#wantedBytes = isWhole ? FRAME_HEADER_BYTES : length;
      if (isWhole) this.#frame(header, bytes.subarray(0, length));
    }
  }

  #frame(header: FrameHeader, bytes: Buffer): void {
    try {
      const isAllowed = this.#block === undefined ? this.#handle(header, bytes) : this.#continue(this.#block, header, bytes);
      if (!isAllowed) this.#fail('Protocol error');
    } catch (error) {
      // A header block that cannot be read, or a frame that is too short.
      this.#fail(`Protocol error: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** @returns whether the server may send it */
  #handle(header: FrameHeader, bytes: Buffer): boolean {
    const payload = bytes.subarray(FRAME_HEADER_BYTES);
    const isAck = (header.flags & FrameFlag.ack) !== 0;
    switch (header.type) {
      case ClientFrameType.data:
        return this.#data(header, payload);
      case FrameType.headers:
        return this.#headers(new HeaderBlock(header, bytes));
      case ClientFrameType.rstStream:
        this.#streams.get(header.streamId)?.onReset(payload.readUInt32BE(0));
        return true;
      case FrameType.settings:
        return isAck || this.#settings(payload);
      case ClientFrameType.ping:
        if (!isAck) this.#write(frame(ClientFrameType.ping, FrameFlag.ack, 0, payload));
        return true;
      case FrameType.goaway:
        this.#goaway(payload.readUInt32BE(0));
        return true;
      case ClientFrameType.windowUpdate:
        return this.#moreRoom(header.streamId, payload.readUInt32BE(0) & MAX_WINDOW_BYTES);
      case FrameType.pushPromise:
      case FrameType.continuation:
        return false;
      default:
        // Whatever else there may be is to be ignored (section 4.1).
        return true;
    }
  }

  #continue(block: HeaderBlock, header: FrameHeader, bytes: Buffer): boolean {
    if (header.type !== FrameType.continuation || header.streamId !== block.streamId) return false;
    block.continue(header, bytes);
    return this.#headers(block);
  }

  #headers(block: HeaderBlock): boolean {
    this.#block = block.isComplete ? undefined : block;
    if (!block.isComplete) return true;
    // Of a stream that is over, too: the table changes with each.
    const fields = new Map(this.#decoder.decode(block.content()).map(({ name, value }) => [name, value]));
    this.#streams.get(block.streamId)?.onHeaders(fields, block.endsStream);
    return true;
  }

  #data({ flags, streamId, length }: FrameHeader, payload: Buffer): boolean {
    const isPadded = (flags & FrameFlag.padded) !== 0;
    const end = length - (isPadded ? payload.readUInt8(0) : 0);
    const start = isPadded ? 1 : 0;
    if (streamId === 0 || end < start) return false;
    this.#taken += length;
    if (this.#taken > WINDOW_BYTES) return false;
    // What is held is bounded by the streams' own windows.
    if (this.#taken >= WINDOW_BYTES / 2) {
      this.#write(windowUpdate(0, this.#taken));
      this.#taken = 0;
    }
    return this.#streams.get(streamId)?.onData(payload.subarray(start, end), length, (flags & FrameFlag.endStream) !== 0) ?? true;
  }

  #settings(payload: Buffer): boolean {
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== Setting.initialWindowSize) continue;
      const bytes = payload.readUInt32BE(at + 2);
      if (bytes > MAX_WINDOW_BYTES) return false;
      const more = bytes - this.#streamSendWindow;
      this.#streamSendWindow = bytes;
      for (const stream of [...this.#streams.values()]) if (!stream.onWindow(more, MAX_WINDOW_BYTES)) return false;
    }
    this.#write(frame(FrameType.settings, FrameFlag.ack, 0, NOTHING));
    this.#isGreeted = true;
    this.#tellGreeted();
    return true;
  }

  #moreRoom(streamId: number, bytes: number): boolean {
    if (streamId !== 0) return this.#streams.get(streamId)?.onWindow(bytes, MAX_WINDOW_BYTES) ?? true;
    this.#sendWindow += bytes;
    this.#pumpAll();
    return this.#sendWindow <= MAX_WINDOW_BYTES;
  }

  /** No further requests; those that the server has not begun with never will be. */
  #goaway(lastStreamId: number): void {
    this.#isGoing = true;
    for (const stream of [...this.#streams.values()]) if (stream.id > (lastStreamId & MAX_WINDOW_BYTES)) stream.onReset(ResetCode.refusedStream);
  }
}
