import { closeSync, constants, openSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { shimCommand } from '../../runtime/shim-command';
import type { StateDir } from '../../runtime/state-dir/layout';
import type { Child, ChildReaper } from '../../sys/process/children';
import { SysError } from '../../sys/errors';
import { faultPoint } from '../../sys/fault';
import { SIGKILL } from '../../sys/process/process';
import { mkfifo } from '../../sys/files/files';
import { type Greeting, OurShim } from './our-shim';
import { ShimConnection } from './shim-connection';
import { orAborted } from '../deadline';
import { WorkError } from '../errors';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

export interface ShimLaunch {
  /** Path of the `holdfast-shim` program. */
  readonly program: string;
  /** Its argv[0], which it takes for its name. */
  readonly calledAs: string;
  readonly stateDir: StateDir;
  readonly name: string;
  readonly greeting: Greeting;
  readonly reaper: ChildReaper;
  /** How long it may take until it serves. */
  readonly timeoutMs: number;
}

/**
 * Starts our shim, in a session of its own, and connects to it once it says on a
 * FIFO that it listens. One that does not come to that is killed.
 * @throws WorkError `shim-hangs` where it took too long
 */
export async function launchShim(launch: ShimLaunch): Promise<OurShim> {
  faultPoint('daemon.shim.before-launch');
  const socket = launch.stateDir.shimSocket(launch.name);
  const ready = readyFifo(`${socket}.ready`);
  let child: Child;
  try {
    const [file, ...args] = shimCommand(launch.program);
    child = launch.reaper.spawn({
      file,
      argv0: launch.calledAs,
      args: [...args, '--serve', launch.stateDir.root, '--name', launch.name],
      stdout: ready.writeFd,
      cwd: '/',
      session: true,
    });
  } catch (cause) {
    ready.socket.destroy();
    const missing = cause instanceof SysError && cause.code === 'ENOENT';
    throw new WorkError(missing ? 'shim-not-installed' : 'shim-failed', `${launch.program} not installed on system`, { cause });
  } finally {
    closeSync(ready.writeFd);
  }
  faultPoint('daemon.shim.launched');
  const limit = new AbortController();
  const timer = setTimeout(() => { limit.abort(new WorkError('shim-hangs')); }, launch.timeoutMs);
  try {
    await orAborted(limit.signal, untilReady(ready.socket));
    faultPoint('daemon.shim.ready');
    return await greeted(launch, limit.signal);
  } catch (error) {
    child.kill(SIGKILL);
    throw error;
  } finally {
    ready.socket.destroy();
    clearTimeout(timer);
  }
}

async function greeted(launch: ShimLaunch, limit: AbortSignal): Promise<OurShim> {
  let connection: ShimConnection | undefined;
  try {
    connection = await orAborted(limit, connectShim(launch.stateDir, launch.name));
    return await orAborted(limit, OurShim.greet(launch.name, connection, launch.greeting));
  } catch (cause) {
    connection?.close();
    // It listened a moment ago: ECONNREFUSED of its socket, or ESRCH of its pid, say that it has died since.
    throw cause instanceof WorkError ? cause : new WorkError('shim-exited', undefined, { cause });
  }
}

/** Connects to the shim of this name. Rejects with the socket's error where none listens. */
export function connectShim(stateDir: StateDir, name: string): Promise<ShimConnection> {
  return ShimConnection.open(stateDir.shimSocket(name));
}

function readyFifo(path: string): { readonly socket: Socket; readonly writeFd: number } {
  mkfifo(path, 0o600);
  const readFd = openSync(path, O_RDONLY | O_NONBLOCK);
  const writeFd = openSync(path, O_WRONLY | O_NONBLOCK);
  unlinkSync(path);
  return { socket: new Socket({ fd: readFd }), writeFd };
}

/** Removes the FIFOs of launches that a daemon was killed in. */
export function sweepReadyFifos(stateDir: StateDir): void {
  for (const name of readdirSync(stateDir.root)) {
    if (/^holdfast-shim-.*\.sock\.ready$/.test(name)) rmSync(join(stateDir.root, name), { force: true });
  }
}

function untilReady(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('data', () => { resolve(); });
    socket.once('end', () => { reject(new WorkError('shim-exited')); });
    socket.once('error', (cause) => { reject(new WorkError('shim-exited', undefined, { cause })); });
  });
}
