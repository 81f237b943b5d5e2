import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { FrameBoundary } from './frame-boundary';
import type { FrameRewriter } from './frame-rewriter';
import { WireError } from './wire-error';

/**
 * What becomes of a socket whose client sent something malformed: whoever is told owns it from then on.
 *
 * @param mayWrite whether the bytes sent so far end with a whole frame, so that another one may follow
 */
export type GiveBack = (socket: Socket, error: WireError, mayWrite: boolean) => void;

/**
 * Stands between a client's socket and the HTTP/2 server: what the client sends goes through a rewriter, what
 * the server sends passes as it is. Back-pressure is kept in both directions, and each end's end is the
 * other's: it owns the socket, and the one does not outlive the other.
 */
export class RepairedConnection extends Duplex {
  readonly #socket: Socket;
  readonly #rewriter: FrameRewriter;
  readonly #giveBack: GiveBack;
  readonly #sent = new FrameBoundary();
  #ownsSocket = true;

  /**
   * @param socket paused, with no listeners that read from it
   * @param firstBytes what the rewriter has given already
   */
  constructor(socket: Socket, rewriter: FrameRewriter, firstBytes: Buffer, giveBack: GiveBack) {
    super();
    this.#socket = socket;
    this.#rewriter = rewriter;
    this.#giveBack = giveBack;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    // A client that goes away is nothing to report; 'close' follows.
    socket.on('error', this.#onError);
    // Paused until the server reads: `_read` lets it flow.
    socket.pause();
    if (firstBytes.length > 0) this.push(firstBytes);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#sent.advance(chunk);
    this.#socket.write(chunk, (error) => {
      // The client has gone, which is no error of this stream.
      if (error) this.destroy();
      done();
    });
  }

  // The server writes a frame in pieces. In one go they are one system call, and never half a frame.
  override _writev(pieces: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'binary', done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // At once, as Node does with a socket of its own: a client that reads nothing holds nothing up.
    if (this.#ownsSocket) this.#socket.destroy();
    done(error);
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      const bytes = this.#rewriter.push(chunk);
      if (bytes.length > 0 && !this.push(bytes)) this.#socket.pause();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#refuse(error);
    }
  };

  readonly #onEnd = (): void => {
    this.push(null);
  };

  readonly #onClose = (): void => {
    this.destroy();
  };

  readonly #onError = (): void => {};

  #refuse(error: WireError): void {
    this.#ownsSocket = false;
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onClose);
    this.destroy();
    this.#giveBack(this.#socket, error, this.#sent.isHere);
    this.#socket.off('error', this.#onError);
  }
}
