import { closeSync, constants, openSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { StateDir } from '../runtime/layout';
import type { ChildReaper } from '../sys/children';
import { SysError } from '../sys/errors';
import { faultPoint } from '../sys/fault';
import { mkfifo } from '../sys/files';
import { type Greeting, OurShim } from './our-shim';
import { ShimConnection } from './shim-connection';
import { WorkError } from './errors';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** As the programs' own first lines have it, see build.mjs. */
const NODE_FLAGS = ['--max-semi-space-size=2'];

export interface ShimLaunch {
  /** Path of the `holdfast-shim` program. */
  readonly program: string;
  readonly stateDir: StateDir;
  readonly name: string;
  readonly greeting: Greeting;
  readonly reaper: ChildReaper;
}

/**
 * Starts our shim, in a session of its own, and connects to it once it says on a
 * FIFO that it listens. @throws WorkError
 */
export async function launchShim(launch: ShimLaunch): Promise<OurShim> {
  faultPoint('daemon.shim.before-launch');
  const socket = launch.stateDir.shimSocket(launch.name);
  const ready = readyFifo(`${socket}.ready`);
  try {
    launch.reaper.spawn({
      file: process.execPath,
      args: [...NODE_FLAGS, launch.program, '--serve', launch.stateDir.root, '--name', launch.name],
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
  await untilReady(ready.socket);
  faultPoint('daemon.shim.ready');
  try {
    return await OurShim.greet(launch.name, await connectShim(launch.stateDir, launch.name), launch.greeting);
  } catch (cause) {
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

async function untilReady(socket: Socket): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('data', () => { resolve(); });
      socket.once('end', () => { reject(new WorkError('shim-exited')); });
      socket.once('error', (cause) => { reject(new WorkError('shim-exited', undefined, { cause })); });
    });
  } finally {
    socket.destroy();
  }
}
