import type { Socket } from 'node:net';
import type { ConnectionInjector } from '@grpc/grpc-js';
import { sayGoaway } from './farewell';
import { emptySettings } from './frames';
import type { FrameRewriter } from './frame-rewriter';
import { FIRST_REQUEST_TIMEOUT_MS, Handshake, type HandshakeOutcome, PREFACE_TIMEOUT_MS } from './handshake';
import { RepairedConnection } from './repaired-connection';
import type { WireError } from './wire-error';

export interface LegacyWireOptions {
  /** The gRPC server, by `server.createConnectionInjector(credentials)`. */
  readonly injector: Pick<ConnectionInjector, 'injectConnection'>;
  /** A connection that was closed with a GOAWAY: a line for the log. */
  readonly onMalformed: (error: WireError) => void;
  /** Which way a connection was handed over. */
  readonly onHandOver?: (kind: 'raw' | 'repaired') => void;
  /**
   * Who a client is. Where the server gets not its socket but a stream, each request tells it as PEER_FIELD, which
   * the client's own is replaced by; left out, nothing is told.
   */
  readonly peerOf?: (socket: Socket) => string;
  readonly prefaceTimeoutMs?: number;
  readonly firstRequestTimeoutMs?: number;
}

/**
 * Lets clients in whose `:authority` Node's HTTP/2 refuses: the dockerds up to 17.10 send their socket's
 * path, and nghttp2 answers each call with RST_STREAM before any JavaScript sees it.
 *
 * The first `:authority` of a connection decides. Where it is accepted, the server gets the socket itself;
 * where not, a stream that repairs it. A client has one `:authority` for a connection (it is the connection's
 * target), so a later, bad one on a socket that was handed over as it is stays what it is without us: nghttp2
 * refuses that one request. On a connection that is not the socket itself it is repaired.
 */
export class LegacyWireServer {
  readonly #options: LegacyWireOptions;
  /** The sockets that the gRPC server does not (or no longer) know of. */
  readonly #sockets = new Set<Socket>();
  #closed = false;

  constructor(options: LegacyWireOptions) {
    this.#options = options;
  }

  /** The sockets that are ours: in the handshake, or being told goodbye. */
  get pending(): number {
    return this.#sockets.size;
  }

  /** The listener for a `net.Server`'s 'connection'. It takes the socket over, which must not have been read from. */
  readonly accept = (socket: Socket): void => {
    if (this.#closed) {
      socket.destroy();
      return;
    }
    this.#own(socket);
    const times = {
      prefaceTimeoutMs: this.#options.prefaceTimeoutMs ?? PREFACE_TIMEOUT_MS,
      firstRequestTimeoutMs: this.#options.firstRequestTimeoutMs ?? FIRST_REQUEST_TIMEOUT_MS,
    };
    new Handshake(socket, this.#options.peerOf?.(socket), times, (outcome) => this.#settle(socket, outcome));
  };

  /** Closes the sockets that have not been handed over. The others are for the gRPC server to close. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #settle(socket: Socket, outcome: HandshakeOutcome): void {
    switch (outcome.kind) {
      case 'gone':
        socket.destroy();
        return;
      case 'malformed': {
        // A client may rely on SETTINGS being the first frame it gets, also before a GOAWAY.
        sayGoaway(socket, outcome.error, outcome.lastStreamId, outcome.greetingSent ? [] : [emptySettings()]);
        this.#options.onMalformed(outcome.error);
        return;
      }
      case 'raw':
        this.#disown(socket);
        socket.unshift(outcome.bytes);
        this.#options.injector.injectConnection(socket);
        this.#options.onHandOver?.('raw');
        return;
      case 'repaired':
        this.#disown(socket);
        this.#options.injector.injectConnection(this.#repaired(socket, outcome.rewriter, outcome.bytes));
        this.#options.onHandOver?.('repaired');
    }
  }

  #repaired(socket: Socket, rewriter: FrameRewriter, bytes: Buffer): RepairedConnection {
    return new RepairedConnection(socket, rewriter, bytes, (given, error, mayWrite) => {
      this.#own(given);
      if (mayWrite) sayGoaway(given, error, rewriter.lastStreamId, []);
      else given.destroy();
      this.#options.onMalformed(error);
    });
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#disown(socket));
  }

  #disown(socket: Socket): void {
    this.#sockets.delete(socket);
  }
}
