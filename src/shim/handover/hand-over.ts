import { closeSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { succeeded } from '../../runtime/oci/launch-runtime';
import { faultPoint } from '../../sys/fault';
import { hangsAside } from '../../sys/files/aside';
import { createDataMemoryFile, sealMemoryFile } from '../../sys/files/memory-file';
import { SIGKILL } from '../../sys/process/process';
import { replaceProgram } from '../../sys/process/replace-program';
import { ShimError } from '../errors';
import type { ShimServer } from '../server';
import type { Shim } from '../shim';
import { encodeState, type Keep, type ShimState } from './state';

/** What is under way is waited for so long; what comes meanwhile waits as long. */
const QUIET_WITHIN_MS = 5000;
const LOOK_EVERY_MS = 5;
/** The new program may take so long to say that it understands. */
const REHEARSAL_MS = 10_000;

/** A shim that may go on as another program. */
export interface Handing {
  readonly shim: Shim;
  readonly server: ShimServer;
  readonly stateDir: string;
  readonly name: string;
}

/**
 * Goes on as another program, execve(2), which is given all that this one has. First the program is asked, as a child, whether it
 * understands the state; then what is under way comes to its end, while nothing new begins.
 * @param command the program and its first arguments
 * @throws ShimError or the system's error: this program goes on then, as if nothing had been asked
 */
export async function handOver(handing: Handing, command: readonly string[]): Promise<never> {
  const { shim } = handing;
  const [file, ...args] = command;
  if (file === undefined || shim.gate.isClosed) throw new ShimError('bad-request', 'no program, or another upgrade is under way');
  await rehearse(handing, file, [...args, '--rehearse']);
  shim.gate.close();
  try {
    // Nobody would tell it anything any more.
    await shim.waitingStubs.end();
    faultPoint('shim.upgrade.before-quiet');
    await untilQuiet(handing);
    // From here to the end nothing else of this program runs.
    const kept = new Set<number>();
    const stateFd = stateFileOf(handing, (fd) => {
      kept.add(fd);
      return fd;
    });
    try {
      faultPoint('shim.upgrade.before-exec');
      shim.log.info(`goes on as ${command.join(' ')}`);
      const own = ['--serve', handing.stateDir, '--name', handing.name, '--take-up', String(stateFd)];
      replaceProgram({ file, argv: [process.argv0, ...args, ...own], keep: [...kept, stateFd] });
    } finally {
      closeSync(stateFd);
    }
  } finally {
    shim.gate.open();
  }
}

/** A program that does not start, or cannot read what it would be given, would cost all processes their parent. */
async function rehearse(handing: Handing, file: string, args: readonly string[]): Promise<void> {
  faultPoint('shim.upgrade.before-rehearsal');
  const stateFd = stateFileOf(handing, (fd) => fd);
  try {
    const child = await handing.shim.reaper.launch({ file, args, stdin: stateFd, cwd: '/', processGroup: true });
    const timer = setTimeout(() => child.kill(SIGKILL), REHEARSAL_MS);
    const status = await child.exited;
    clearTimeout(timer);
    if (!succeeded(status)) throw new ShimError('shim-error', `${args.join(' ')} does not understand what it would be given: ${JSON.stringify(status)}`);
  } finally {
    closeSync(stateFd);
  }
  faultPoint('shim.upgrade.rehearsed');
}

/** Twice in a row, as what has just ended may be dealt with in the next turn (setImmediate). */
async function untilQuiet(handing: Handing): Promise<void> {
  const untilMs = performance.now() + QUIET_WITHIN_MS;
  for (let quietTurns = 0; quietTurns < 2; ) {
    const why = unrest(handing);
    quietTurns = why === undefined ? quietTurns + 1 : 0;
    if (why !== undefined && performance.now() > untilMs) throw new ShimError('shim-error', `the shim is busy: ${why}`);
    await (why === undefined ? new Promise(setImmediate) : delay(LOOK_EVERY_MS));
  }
  const why = unrest(handing);
  if (why !== undefined) throw new ShimError('shim-error', `the shim is busy: ${why}`);
}

/** What a handover has to wait for. */
function unrest({ shim, server }: Handing): string | undefined {
  if (server.isClosed) return 'it ends';
  if ([...shim.table].some(({ phase }) => phase === 'taking')) return 'a process is being made';
  if (shim.calls.size > 0) return 'a runtime is at work';
  if (shim.reaper.launching > 0) return 'a program is being started';
  if (hangsAside()) return 'a FIFO does not answer';
  return server.isFlushed ? undefined : 'an answer has not been read';
}

/** In a sealed file in memory, which begins where it is read from. The caller closes it. */
function stateFileOf({ shim, server }: Handing, keep: Keep): number {
  const state: ShimState = {
    copyRuntimes: shim.runtimeCopies.isAllowed,
    ...server.handOver(keep),
    // During the rehearsal some are still being made.
    processes: [...shim.table].flatMap((entry) => (entry.phase === 'taking' ? [] : [entry.handOver(keep)])),
    lingering: shim.lingering.handOver(keep),
    held: shim.held.handOver(keep),
  };
  const fd = createDataMemoryFile('holdfast-shim-state');
  try {
    writeFileSync(fd, encodeState(state));
    sealMemoryFile(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
