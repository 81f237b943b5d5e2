import { Duplex } from 'node:stream';
import { FrameFlag, MAX_FRAME_BYTES, frame } from '../../../api/wire/frames';
import { ClientFrameType, rstStream, windowUpdate } from './client-frames';

/** Of a stream, and of the connection: output comes as fast as it is read. */
export const WINDOW_BYTES = 1024 * 1024;

/** Codes of RST_STREAM (RFC 9113, section 7). */
export const ResetCode = { noError: 0x0, refusedStream: 0x7, cancel: 0x8 } as const;

/** What a stream needs of its connection. */
export interface StreamWire {
  /** @returns whether the socket takes more; `roomAgain` is called once it does */
  write(bytes: Buffer): boolean;
  /** Takes up to so much of what may still be sent on the connection. @returns how much */
  takeWindow(bytes: number): number;
  /** It is over, in both directions. */
  forget(stream: ClientStream): void;
}

/**
 * One request and its answer: what is written are the bytes of DATA frames, what is read those of the answer's. Emits `headers` with each block of
 * header fields, before the end of what is read.
 */
export class ClientStream extends Duplex {
  /** Of the end, where one side broke it off. */
  rstCode: number = ResetCode.noError;
  #sendWindow: number;
  /** So much may the server send before it hears of more. */
  #receiveWindow = WINDOW_BYTES;
  #unsent: { bytes: Buffer; readonly done: () => void } | undefined;
  #isAnswered = false;
  #isReset = false;

  constructor(readonly id: number, private readonly wire: StreamWire, sendWindow: number) {
    // What is read is bounded by the window.
    super({ allowHalfOpen: true, autoDestroy: true });
    this.#sendWindow = sendWindow;
  }

  /** Wants no more. May be called twice. */
  abort(code: number): void {
    if (this.destroyed) return;
    this.rstCode = code;
    this.destroy();
  }

  /** A block of header fields has come. @param isEnd nothing comes after it */
  onHeaders(fields: ReadonlyMap<string, string>, isEnd: boolean): void {
    this.emit('headers', fields);
    if (isEnd) this.#end();
  }

  /** @returns whether the server keeps to the window @param frameBytes with padding */
  onData(data: Buffer, frameBytes: number, isEnd: boolean): boolean {
    this.#receiveWindow -= frameBytes;
    if (this.#receiveWindow < 0) return false;
    if (data.length > 0) this.push(data);
    if (isEnd) this.#end();
    return true;
  }

  /** The server has broken it off. */
  onReset(code: number): void {
    this.#isReset = true;
    // After the answer it says that it reads no more, which is no error.
    if (!this.#isAnswered) this.rstCode = code;
    if (this.#isAnswered) this.#takeNoMore();
    else this.destroy(new Error(`reset by the server (code ${String(code)})`));
  }

  /** More may be sent. @returns whether the window is one still (RFC 9113, 6.9.1) */
  onWindow(bytes: number, max: number): boolean {
    this.#sendWindow += bytes;
    this.pump();
    return this.#sendWindow <= max;
  }

  /** Sends of what waits as much as may be sent. */
  pump(): void {
    const waiting = this.#unsent;
    if (waiting === undefined) return;
    let hasRoom = true;
    while (hasRoom && waiting.bytes.length > 0) {
      const wanted = Math.min(waiting.bytes.length, this.#sendWindow, MAX_FRAME_BYTES);
      const length = wanted > 0 ? this.wire.takeWindow(wanted) : 0;
      if (length === 0) return;
      this.#sendWindow -= length;
      hasRoom = this.wire.write(frame(ClientFrameType.data, 0, this.id, waiting.bytes.subarray(0, length)));
      waiting.bytes = waiting.bytes.subarray(length);
    }
    if (!hasRoom || waiting.bytes.length > 0) return;
    this.#unsent = undefined;
    waiting.done();
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    if (this.#isReset) {
      done();
      return;
    }
    this.#unsent = { bytes, done };
    this.pump();
  }

  override _final(done: () => void): void {
    if (!this.#isReset) this.wire.write(frame(ClientFrameType.data, FrameFlag.endStream, this.id, Buffer.alloc(0)));
    done();
  }

  /** Somebody has room: the server may send more. */
  override _read(): void {
    const taken = WINDOW_BYTES - this.#receiveWindow;
    if (taken < WINDOW_BYTES / 2 || this.#isAnswered) return;
    this.#receiveWindow = WINDOW_BYTES;
    this.wire.write(windowUpdate(this.id, taken));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const isWhole = this.#isAnswered && this.writableFinished;
    if (!this.#isReset && !isWhole) this.wire.write(rstStream(this.id, this.rstCode === ResetCode.noError ? ResetCode.cancel : this.rstCode));
    this.wire.forget(this);
    done(error);
  }

  #takeNoMore(): void {
    const waiting = this.#unsent;
    this.#unsent = undefined;
    this.end();
    waiting?.done();
  }

  #end(): void {
    this.#isAnswered = true;
    this.push(null);
  }
}
