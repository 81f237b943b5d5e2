import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Server as NetServer, Socket } from 'node:net';
import type { Poller } from '../sys/poller';
import { peerCredentials, socketFd } from '../sys/sockets/sockets';
import { Admission } from './admission';
import { HealthService } from './gen/health';
import { APIService } from './gen/legacy/api';
import { closeOnceHungUp } from './hang-up';
import { addContainerdServices } from './containerd/face';
import { check } from './health';
import { addHoldfastServices } from './holdfast/face';
import { type ListenOptions, listen, serve } from './listener';
import type { ApiOptions } from './options';
import { apiService } from './legacy/service';
import { LegacyWireServer } from './wire/legacy-wire-server';

/** What dockerd's client may send: a request with a container's whole environment, and an answer with 1,000 containers. */
const maxMessageBytes = 16 * 1024 * 1024;

/** A client that was gone before it was accepted: its requests never come. */
const goneBefore = 'gone';

/** The gRPC server on its unix sockets. */
export class ApiServer {
  readonly #grpc: Server;
  readonly #wire: LegacyWireServer;
  readonly #listeners: NetServer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #admission: Admission;
  readonly #poller: Poller;

  constructor(options: ApiOptions) {
    this.#admission = new Admission(options.descriptors, options.log);
    this.#poller = options.poller;
    this.#grpc = new Server({
      'grpc.max_receive_message_length': options.messageLimits?.receive ?? maxMessageBytes,
      'grpc.max_send_message_length': options.messageLimits?.send ?? maxMessageBytes,
      // Counts each call and message for a service that is not offered here.
      'grpc.enable_channelz': 0,
    });
    this.#grpc.addService(APIService, apiService(options));
    this.#grpc.addService(HealthService, { check });
    if (options.holdfast !== undefined) addHoldfastServices(this.#grpc, options.holdfast, { onRestart: () => undefined, ...options });
    if (options.containerd !== undefined) addContainerdServices(this.#grpc, options.containerd, options);
    this.#wire = new LegacyWireServer({
      injector: this.#grpc.createConnectionInjector(ServerCredentials.createInsecure()),
      peerOf: peerName,
      onMalformed: (error) => { options.log.warn({ err: error }, 'a malformed connection was closed'); },
    });
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Listens on one more socket. @throws ListenError */
  async listen(path: string, groupId: number | undefined, userId = 0): Promise<void> {
    this.#listeners.push(await listen({ path, groupId, userId, ...this.#heard }));
  }

  /** Takes the connections of a socket that listens already. @param listeningFd belongs to this object from now on @throws ListenError */
  async serve(listeningFd: number): Promise<void> {
    this.#listeners.push(await serve(listeningFd, this.#heard));
  }

  get #heard(): Pick<ListenOptions, 'onConnection' | 'onError'> {
    return {
      onConnection: (socket) => { this.#accept(socket); },
      onError: (cause) => { this.#admission.failed(cause); },
    };
  }

  /** Takes no more connections and requests, and closes what is open. May be called twice. */
  close(): void {
    for (const listener of this.#listeners) listener.close();
    this.#wire.close();
    this.#grpc.forceShutdown();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    if (!this.#admission.admits(socket)) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => { socket.destroy(); });
    try {
      closeOnceHungUp(socket, this.#poller);
    } catch (cause) {
      // ENOSPC, ENOMEM of epoll_ctl(2).
      this.#admission.failed(cause as Error);
      socket.destroy();
      return;
    }
    namePeer(socket);
    this.#wire.accept(socket);
  }
}

/**
 * grpc-js names a call's peer by the socket's `remoteAddress`, which a unix socket has not: here it is who connected.
 * Always something, so that nobody is asked instead who the client says it is.
 */
function namePeer(socket: Socket): void {
  Object.defineProperty(socket, 'remoteAddress', { value: peerName(socket) });
}

/** Who connected (SO_PEERCRED, unix(7)): as which process and user, at that moment. */
function peerName(socket: Socket): string {
  const fd = socketFd(socket);
  if (fd === undefined) return goneBefore;
  try {
    const { pid, uid } = peerCredentials(fd);
    return `pid ${pid} uid ${uid}`;
  } catch {
    return goneBefore;
  }
}
