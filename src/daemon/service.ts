import { statSync } from 'node:fs';
import { type HandedSocket, handOn, pathOfListener, takeHandedSockets } from '../sys/sockets/handed-sockets';
import { duplicateFd } from '../sys/files/files';
import { takeServiceManager } from '../sys/sockets/service-manager';
import { DaemonError } from './errors';
import type { Logger } from './log';

/** What anyone may do who may connect is what root may do. */
const OTHERS_MAY_WRITE = 0o002;
/** Node's timers take no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A socket of the API that is there already. */
export interface ServedSocket {
  readonly path: string;
  /** A descriptor of it that is not the service manager's; the caller closes it. */
  readonly open: () => number;
}

/** What this daemon is as a service: what its manager hands over, and is told. Without a manager nobody is told anything, and nothing is handed over. */
export class Service {
  /** As they are handed on: taken out of the environment, which others are given. */
  readonly #variables: NodeJS.ProcessEnv = {};
  readonly #manager: ReturnType<typeof takeServiceManager>;
  readonly #handed: readonly HandedSocket[];

  /** Takes the manager's variables out of the environment. @throws SysError EBADF for a socket that is not open */
  constructor(private readonly env: NodeJS.ProcessEnv, private readonly log: Pick<Logger, 'warn'>) {
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) if (env[name] !== undefined) this.#variables[name] = env[name];
    this.#manager = takeServiceManager(env);
    for (const name of Object.keys(this.#variables)) Reflect.deleteProperty(env, name);
    this.#handed = takeHandedSockets(env, process.pid);
  }

  /** sd_notify(3). @param mayBeLost it is told again, and not waited for */
  tell(state: string, mayBeLost = false): void {
    try {
      this.#manager.tell(state, mayBeLost);
    } catch (error) {
      this.log.warn({ err: error }, 'the service manager cannot be told');
    }
  }

  /**
   * From now on the manager is told that this daemon is alive, twice as often as it asks for: sd_watchdog_enabled(3). Told by the loop
   * that does everything: a loop that stands still is a daemon that does nothing, and harmless to kill.
   */
  keepAlive(): void {
    const intervalMs = aliveIntervalMs(this.#variables, process.pid);
    if (intervalMs !== undefined) setInterval(() => { this.tell('WATCHDOG=1', true); }, intervalMs).unref();
  }

  /** The sockets that the API is to serve. @throws DaemonError `listen-failed` for one that it cannot, or must not, serve */
  sockets(): readonly ServedSocket[] {
    return this.#handed.map((socket) => ({ path: servedPath(socket), open: () => duplicateFd(socket.fd) }));
  }

  /** Has the program that takes this one's place be the same service. @returns descriptors that it is to be given */
  handOn(): readonly number[] {
    Object.assign(this.env, this.#variables);
    handOn(this.#handed, this.env, process.pid);
    return this.#handed.map(({ fd }) => fd);
  }
}

/** Half of what the manager waits; undefined: it does not, or for another process. */
export function aliveIntervalMs({ WATCHDOG_USEC = '', WATCHDOG_PID }: NodeJS.ProcessEnv, pid: number): number | undefined {
  const isMeant = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid);
  if (!isMeant || !/^[1-9]\d{0,17}$/.test(WATCHDOG_USEC)) return undefined;
  return Math.min(Math.max(1, Math.floor(Number(WATCHDOG_USEC) / 2000)), LONGEST_TIMER_MS);
}

function servedPath(socket: HandedSocket): string {
  const refuse = (what: string): DaemonError => new DaemonError('listen-failed', `the socket ${socket.name} (descriptor ${socket.fd}) of the service manager ${what}`);
  const path = pathOfListener(socket);
  if (path === undefined) throw refuse('is no unix socket with a path that takes connections: nothing else is served');
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & OTHERS_MAY_WRITE) !== 0) throw refuse(`is open to every user, at ${path}: who may connect is root. SocketMode=0660 is for a group`);
  return path;
}
