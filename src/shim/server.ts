import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { StateDir } from '../runtime/state-dir/layout';
import { socketFd } from '../sys/sockets/sockets';
import { Connection } from './connection';
import { ShimError } from './errors';
import type { Keep, ShimState } from './handover/state';
import type { Shim } from './shim';

/** How long a daemon may take from starting the shim to its first connection. */
const FIRST_CONNECTION_MS = 30_000;

type ServerState = Pick<ShimState, 'listenFd' | 'connections'>;

/** The shim's unix socket in the state directory, for the daemons that start or find it. */
export class ShimServer {
  private readonly server: Server;
  private readonly dirFd: number;
  private readonly patience: NodeJS.Timeout;
  private readonly connections = new Map<Socket, Connection>();
  private closed = false;

  private constructor(
    private readonly shim: Shim,
    private readonly path: string,
    /** Called when no daemon is connected and nothing is left to do; the server has closed itself. */
    private readonly onDone: () => void,
  ) {
    this.dirFd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
    this.server = createServer((socket) => this.add(socket, new Connection(shim, socket)));
    this.patience = setTimeout(() => this.closeIfDone(), FIRST_CONNECTION_MS);
    shim.onIdle = () => this.closeIfDone();
  }

  /**
   * Listens; who may connect is whom the file system lets (0600).
   * @param name as in `holdfast-shim-<name>.sock`
   * @throws the system's error: EADDRINUSE where the name is taken
   */
  static async listen(shim: Shim, stateDir: string, name: string, onDone: () => void): Promise<ShimServer> {
    const server = new ShimServer(shim, new StateDir(stateDir).shimSocket(name), onDone);
    try {
      await server.bind();
      return server;
    } catch (error) {
      server.close();
      throw error;
    }
  }

  /** Goes on with the socket and the connections of the program before. @throws the system's error */
  static async takeUp(shim: Shim, stateDir: string, name: string, state: ServerState, onDone: () => void): Promise<ShimServer> {
    const server = new ShimServer(shim, new StateDir(stateDir).shimSocket(name), onDone);
    const connections = state.connections.map((connection) => Connection.takeUp(shim, connection));
    for (const { socket, connection } of connections) server.add(socket, connection);
    await server.listenOn({ fd: state.listenFd });
    for (const { answerAll } of connections) answerAll();
    return server;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Whether all answers have gone to the kernel. */
  get isFlushed(): boolean {
    return [...this.connections.values()].every((connection) => connection.isFlushed);
  }

  /** What the program that takes this one's place goes on with. @throws ShimError where it does not listen */
  handOver(keep: Keep): ServerState {
    const listenFd = socketFd(this.server);
    if (listenFd === undefined) throw new ShimError('shim-error', 'the shim does not listen any more');
    const connections = [...this.connections.values()].flatMap((connection) => connection.handOver(keep) ?? []);
    return { listenFd: keep(listenFd), connections };
  }

  /** Ends the connections too; for a shim without processes. */
  stop(): void {
    for (const socket of this.connections.keys()) socket.destroy();
    this.connections.clear();
    this.closeIfDone();
  }

  /** The daemon that started this shim is gone: unless another has found it, there is nothing to wait for. */
  expectNobody(): void {
    clearTimeout(this.patience);
    this.closeIfDone();
  }

  private add(socket: Socket, connection: Connection): void {
    clearTimeout(this.patience);
    this.connections.set(socket, connection);
    this.shim.held.hear(false);
    socket.on('close', () => {
      this.connections.delete(socket);
      this.shim.held.hear(this.connections.size === 0);
      this.closeIfDone();
    });
  }

  private async bind(): Promise<void> {
    const before = process.umask(0o177);
    // Binds before it returns. Through the directory's descriptor: sun_path holds 107 bytes (unix(7)), a state directory's path may be longer.
    const listening = this.listenOn({ path: `/proc/self/fd/${this.dirFd}/${basename(this.path)}` });
    process.umask(before);
    await listening;
  }

  private listenOn(where: { readonly path: string } | { readonly fd: number }): Promise<void> {
    const listening = new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.once('listening', () => {
        this.server.off('error', reject);
        // A daemon that cannot be accepted now connects again.
        this.server.on('error', (error) => this.shim.log.error('a connection could not be accepted', error));
        resolve();
      });
    });
    this.server.listen(where);
    return listening;
  }

  private closeIfDone(): void {
    if (this.closed || this.connections.size > 0 || !this.shim.isIdle) return;
    rmSync(this.path, { force: true });
    this.close();
    this.onDone();
  }

  private close(): void {
    this.closed = true;
    clearTimeout(this.patience);
    this.server.close();
    closeSync(this.dirFd);
  }
}
