import { connect, type Socket } from 'node:net';
import { LineFramer } from '../../runtime/line-framer';
import { decodeShimAnswer, decodeShimResult, encodeShimMessage } from '../../runtime/shim-messages';
import type { ShimArguments, ShimErrorCode, ShimRequest, ShimResults, ShimVerb } from '../../runtime/shim-protocol';
import { killPid } from '../../sys/process/process';
import { peerCredentials, socketFd } from '../../sys/sockets/sockets';
import { WorkError } from '../errors';

interface Waiting {
  resolve(ok: object): void;
  reject(error: WorkError): void;
}

/** The daemon's end of the connection to one shim: requests out, answers in, in any order. */
export class ShimConnection {
  /** Resolves when the connection is gone, for whatever reason; never rejects. */
  readonly closed: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #nextSeq = 1;

  private constructor(readonly socket: Socket) {
    const framer = new LineFramer();
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of framer.push(chunk)) this.#answer(line);
      } catch (cause) {
        socket.destroy(new Error('the shim does not follow the protocol', { cause }));
      }
    });
    // What was wrong reaches the callers through `closed` and their rejected requests.
    socket.on('error', () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const waiting of this.#waiting.values()) waiting.reject(new WorkError('shim-exited'));
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** Connects to the shim's socket. Rejects with the socket's own error (ENOENT, ECONNREFUSED). */
  static async open(path: string): Promise<ShimConnection> {
    const socket = connect({ path });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.removeAllListeners('error');
    return new ShimConnection(socket);
  }

  /** @throws WorkError: what the shim answered, or `shim-exited` when the connection breaks. */
  request<V extends ShimVerb>(verb: V, args: ShimArguments[V]): Promise<ShimResults[V]> {
    if (this.socket.destroyed) return Promise.reject(new WorkError('shim-exited'));
    const seq = this.#nextSeq;
    this.#nextSeq += 1;
    return new Promise<ShimResults[V]>((resolve, reject) => {
      this.#waiting.set(seq, {
        resolve: (ok) => {
          try {
            resolve(decodeShimResult(verb, ok));
          } catch (cause) {
            reject(new WorkError('shim-protocol', 'shim error: an answer that is not understood', { cause }));
          }
        },
        reject,
      });
      // The verb and its own arguments, which the compiler cannot pair up for a generic V.
      this.socket.write(encodeShimMessage({ seq, verb, ...args } as unknown as ShimRequest));
    });
  }

  close(): void {
    this.socket.destroy();
  }

  /** The system pid of the program at the other end, its own as long as the connection stands; absent after that. */
  get peerPid(): number | undefined {
    const fd = socketFd(this.socket);
    return fd === undefined ? undefined : peerCredentials(fd).pid;
  }

  /** Ends the program at the other end, which does not answer, and the connection with it. */
  killPeer(): void {
    const pid = this.peerPid;
    if (pid !== undefined) killPid(pid);
    this.socket.destroy();
  }

  #answer(line: string): void {
    const answer = decodeShimAnswer(line);
    const waiting = this.#waiting.get(answer.seq);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.seq);
    if ('ok' in answer) waiting.resolve(answer.ok);
    else waiting.reject(fromShim(answer.error.code, answer.error.message));
  }
}

function fromShim(code: ShimErrorCode, message: string): WorkError {
  switch (code) {
    case 'runtime-failed':
    case 'runtime-not-installed':
      return new WorkError(code, message);
    case 'aborted':
      return new WorkError('cancelled');
    case 'shim-error':
    case 'bad-request':
      return new WorkError('shim-failed', message.startsWith('shim error') ? message : `shim error: ${message}`);
  }
}
