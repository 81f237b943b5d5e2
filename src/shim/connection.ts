import { Socket } from 'node:net';
import { LineFramer } from '../runtime/line-framer';
import { decodeShimRequest, encodeShimMessage } from '../runtime/shim-messages';
import type { ShimAnswer, ShimRequest } from '../runtime/shim-protocol';
import { socketFd } from '../sys/sockets/sockets';
import { dispatch } from './dispatch';
import { asShimError } from './errors';
import type { ConnectionState, Keep } from './handover/state';
import type { Shim } from './shim';
import { VERSION } from './version';

/** Far more than a request of several paths needs. */
const LONGEST_REQUEST_BYTES = 256 * 1024;

/**
 * A daemon's connection: each line is a request, answered when it is done, so maybe out of order. What is not
 * understood is answered with an error; a line without end costs the connection. It ends when the daemon
 * ends it, and what it has asked for goes on.
 */
export class Connection {
  private readonly framer = new LineFramer(LONGEST_REQUEST_BYTES);
  /** Requests that are being done. */
  private readonly unanswered = new Set<{ readonly line: string }>();
  /** The number of the `upgrade` among them. */
  private upgrade: number | undefined;

  constructor(
    private readonly shim: Shim,
    private readonly socket: Socket,
  ) {
    socket.on('data', (chunk) => this.push(chunk));
    socket.on('drain', () => socket.resume());
    socket.on('error', (error) => shim.log.info(`a connection broke: ${error.message}`));
  }

  /** Goes on with what the program before has handed over; requests are done once `answerAll` is called. */
  static takeUp(shim: Shim, state: ConnectionState): { readonly connection: Connection; readonly socket: Socket; readonly answerAll: () => void } {
    const socket = new Socket({ fd: state.fd, readable: true, writable: true });
    const connection = new Connection(shim, socket);
    const answerAll = (): void => {
      if (state.upgrade !== undefined) connection.send({ seq: state.upgrade, ok: { version: VERSION } });
      for (const line of state.unanswered) void connection.answer(line);
      connection.push(Buffer.from(state.unread, 'base64'));
    };
    return { connection, socket, answerAll };
  }

  /** Whether all answers have gone to the kernel. */
  get isFlushed(): boolean {
    return this.socket.writableLength === 0;
  }

  /** Undefined where it is broken. */
  handOver(keep: Keep): ConnectionState | undefined {
    const fd = this.socket.destroyed ? undefined : socketFd(this.socket);
    if (fd === undefined) return undefined;
    // Something is there only while nothing is read on (see `send`). It may be this program that goes on.
    const read: unknown = this.socket.read();
    const waiting = Buffer.isBuffer(read) ? [read] : [];
    for (const chunk of waiting) this.socket.unshift(chunk);
    const unread = Buffer.concat([this.framer.pending, ...waiting]);
    return {
      fd: keep(fd),
      unread: unread.toString('base64'),
      unanswered: [...this.unanswered].map(({ line }) => line),
      upgrade: this.upgrade,
    };
  }

  private push(chunk: Buffer): void {
    try {
      for (const line of this.framer.push(chunk)) void this.answer(line);
    } catch (error) {
      this.shim.log.error('a connection that does not follow the protocol', error);
      this.socket.destroy();
    }
  }

  private async answer(line: string): Promise<void> {
    const noted = { line };
    let request: ShimRequest | undefined;
    try {
      request = decodeShimRequest(line);
      // One that is under way is done for the handover itself, and not once more.
      if (request.verb === 'upgrade') this.upgrade = request.seq;
      else this.unanswered.add(noted);
      const ok = await dispatch(this.shim, request);
      this.send({ seq: request.seq, ok });
    } catch (error) {
      const { code, message } = asShimError(error);
      this.send({ seq: request?.seq ?? seqOf(line), error: { code, message } });
    } finally {
      this.unanswered.delete(noted);
      if (request?.verb === 'upgrade') this.upgrade = undefined;
    }
  }

  private send(answer: ShimAnswer): void {
    // A daemon that reads no answers may ask nothing more.
    if (this.socket.writable && !this.socket.write(encodeShimMessage(answer))) this.socket.pause();
  }
}

/** For a line that is no request: its number if it has one, else 0. */
function seqOf(line: string): number {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('seq' in value)) return 0;
    return Number.isSafeInteger(value.seq) && Number(value.seq) >= 0 ? Number(value.seq) : 0;
  } catch {
    return 0;
  }
}
