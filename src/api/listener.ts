import { chmodSync, chownSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { isRunning } from '../sys/process/process';
import { peerCredentials, socketFd } from '../sys/sockets/sockets';

/** A socket that cannot be listened on. */
export class ListenError extends Error {
  readonly code = 'cannot-listen';

  constructor(
    readonly path: string,
    reason: string,
    options?: { readonly cause: unknown },
  ) {
    super(`cannot listen on ${path}: ${reason}`, options);
    this.name = 'ListenError';
  }
}

export interface ListenOptions {
  readonly path: string;
  /** Group that may connect beside root; without it root alone. */
  readonly groupId: number | undefined;
  /** User that owns the socket, and may connect. */
  readonly userId: number;
  readonly onConnection: (socket: Socket) => void;
  /** A connection that could not be accepted, once the socket is there (accept(2): EMFILE, ENFILE). */
  readonly onError: (cause: Error) => void;
}

/**
 * Listens on a unix socket, mode 0600 (0660 with a group). A file that a daemon has
 * left is replaced; one that a living daemon serves, or that is no socket, is an error.
 * @throws ListenError
 */
export async function listen(options: ListenOptions): Promise<Server> {
  const { path, groupId, userId, onConnection, onError } = options;
  await removeStale(path);
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  const server = createServer({ pauseOnConnect: false }, onConnection);
  await begun(server, path, onError, () => {
    // The socket must never be there with a wider mode than its own, not even for a
    // moment. Node binds within this call, so nobody else's files meet this mask.
    const mask = process.umask(0o177);
    server.listen({ path });
    process.umask(mask);
  });
  if (groupId !== undefined || userId !== 0) chownSync(path, userId, groupId ?? 0);
  if (groupId !== undefined) chmodSync(path, 0o660);
  return server;
}

/**
 * Takes the connections of a unix socket that listens already; its file is left alone, also at the end.
 * @param listeningFd belongs to the server from now on
 * @throws ListenError
 */
export async function serve(listeningFd: number, { onConnection, onError }: Pick<ListenOptions, 'onConnection' | 'onError'>): Promise<Server> {
  const server = createServer({ pauseOnConnect: false }, onConnection);
  await begun(server, `descriptor ${listeningFd}`, onError, () => { server.listen({ fd: listeningFd }); });
  return server;
}

function begun(server: Server, place: string, onError: (cause: Error) => void, listenNow: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onFailure = (cause: Error): void => { reject(new ListenError(place, cause.message, { cause })); };
    server.once('error', onFailure);
    server.once('listening', () => {
      server.off('error', onFailure);
      server.on('error', onError);
      resolve();
    });
    listenNow();
  });
}

async function removeStale(path: string): Promise<void> {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return;
  if (!entry.isSocket()) throw new ListenError(path, 'the file is there and is not a socket');
  if (await isServed(path)) throw new ListenError(path, 'another daemon serves it');
  unlinkSync(path);
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      const served = isListenerAlive(socket);
      socket.destroy();
      resolve(served);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // ECONNREFUSED: the file outlived its daemon. Anything else is not known to be stale.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(new ListenError(path, error.message, { cause: error }));
    });
  });
}

/**
 * Whether the process that listens is there. A daemon that was killed while it started a
 * program leaves its listening socket to that until its exec (vfork(2)); SO_PEERCRED
 * names who has called listen(2), which tells the two apart (unix(7)).
 */
function isListenerAlive(socket: Socket): boolean {
  const fd = socketFd(socket);
  return fd === undefined || isRunning(peerCredentials(fd).pid, undefined);
}
