import type { Socket } from 'node:net';
import { emptySettings } from './frames';
import { FrameRewriter } from './frame-rewriter';
import { WireError } from './wire-error';

/**
 * How long a client may take for its preface, which it sends unasked (RFC 9113, 3.4). Long, because on a
 * loaded machine a client may get no processor time for seconds.
 */
export const PREFACE_TIMEOUT_MS = 10_000;

/**
 * How long a client that has connected may go without a request until it is handed over undecided. Its PINGs
 * are answered by nobody before. The clients at hand call at once, or every 500 ms.
 */
export const FIRST_REQUEST_TIMEOUT_MS = 1_000;

/** A client that sends so much without a request is handed over undecided. */
const MAX_UNDECIDED_BYTES = 65_536;

/** How a handshake ends. `bytes` are for the server, before all that the socket still gives. */
export type HandshakeOutcome =
  | { readonly kind: 'raw'; readonly bytes: Buffer }
  | { readonly kind: 'repaired'; readonly bytes: Buffer; readonly rewriter: FrameRewriter }
  | { readonly kind: 'malformed'; readonly error: WireError; readonly greetingSent: boolean; readonly lastStreamId: number }
  | { readonly kind: 'gone' };

export interface HandshakeTimes {
  readonly prefaceTimeoutMs: number;
  readonly firstRequestTimeoutMs: number;
}

/**
 * Reads from a new connection until the first `:authority` tells which way it goes.
 *
 * Many clients send no request before they have the server's SETTINGS, and before it is known which way to
 * go there is no server to send them. So an empty SETTINGS is sent where the first request does not come along
 * with the client's own. Its acknowledgement is kept from the server, which knows nothing of it and would
 * take a surplus acknowledgement for a protocol error.
 */
export class Handshake {
  readonly #socket: Socket;
  readonly #times: HandshakeTimes;
  readonly #settle: (outcome: HandshakeOutcome) => void;
  readonly #rewriter: FrameRewriter;
  readonly #rewritten: Buffer[] = [];
  #bytes = 0;
  #greetingSent = false;
  #deadline: NodeJS.Timeout;

  /**
   * @param peer who the client is, to be told in the requests of a connection that is handed over `repaired`
   * @param settle called exactly once, with the socket paused and free of this handshake's listeners
   */
  constructor(socket: Socket, peer: string | undefined, times: HandshakeTimes, settle: (outcome: HandshakeOutcome) => void) {
    this.#socket = socket;
    this.#rewriter = new FrameRewriter(peer);
    this.#times = times;
    this.#settle = settle;
    this.#deadline = setTimeout(this.#onPrefaceTimeout, times.prefaceTimeoutMs);
    // 'readable', not 'data': what is put back into a socket within a 'data' event can make Node stop
    // reading from the descriptor right after the server has taken it over.
    socket.on('readable', this.#onReadable);
    socket.on('end', this.#onGone);
    socket.on('close', this.#onGone);
    socket.on('error', this.#onGone);
  }

  readonly #onReadable = (): void => {
    const chunk = this.#socket.read() as Buffer | null;
    if (chunk === null) return;
    try {
      this.#take(this.#rewriter.push(chunk));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#fail(error);
    }
  };

  #take(rewritten: Buffer): void {
    this.#rewritten.push(rewritten);
    this.#bytes += rewritten.length;
    const { firstAuthority, isTransparent, isGreeted } = this.#rewriter;
    if (firstAuthority === 'accepted' && isTransparent) {
      this.#end({ kind: 'raw', bytes: Buffer.concat([...this.#rewritten, this.#rewriter.heldBack()]) });
    } else if (firstAuthority !== 'unknown' || this.#bytes > MAX_UNDECIDED_BYTES) {
      this.#handOverRepaired();
    } else if (isGreeted && !this.#greetingSent) {
      this.#sendGreeting();
    }
  }

  #sendGreeting(): void {
    this.#greetingSent = true;
    this.#rewriter.expectSettingsAck();
    this.#socket.write(emptySettings());
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(this.#handOverRepaired, this.#times.firstRequestTimeoutMs);
  }

  readonly #handOverRepaired = (): void => {
    this.#rewriter.encodeAll();
    this.#end({ kind: 'repaired', bytes: Buffer.concat(this.#rewritten), rewriter: this.#rewriter });
  };

  readonly #onPrefaceTimeout = (): void => {
    this.#fail(new WireError('handshake-timeout', `no HTTP/2 preface within ${this.#times.prefaceTimeoutMs} ms`));
  };

  readonly #onGone = (): void => {
    this.#end({ kind: 'gone' });
  };

  #fail(error: WireError): void {
    const lastStreamId = this.#rewriter.lastStreamId;
    this.#end({ kind: 'malformed', error, greetingSent: this.#greetingSent, lastStreamId });
  }

  #end(outcome: HandshakeOutcome): void {
    clearTimeout(this.#deadline);
    this.#socket.off('readable', this.#onReadable);
    this.#socket.off('end', this.#onGone);
    this.#socket.off('close', this.#onGone);
    this.#socket.pause();
    this.#settle(outcome);
    // Last, so that the socket is never without a listener for errors.
    this.#socket.off('error', this.#onGone);
  }
}
