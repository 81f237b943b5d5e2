import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DescriptorRoom } from '../sys/descriptor-room';
import { becomeSubreaper, openPidFd } from '../sys/process';
import { makePoolThreads } from '../sys/thread-pool';
import { LogFile } from './log';
import { ShimServer } from './server';
import { Shim } from './shim';
import { surviveErrors } from './survive';

const LOG_NAME = 'holdfast-shim.log';
const STDOUT_FD = 1;
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * The shim of a state directory: serves until no daemon is connected and no process is left. Says `ready` on its
 * standard output once it listens, and nothing more.
 *
 * A service manager that stops the daemon may signal everything that it has started. As long as it has a process,
 * the shim ignores the signals that ask it to stop: with it, exits and terminals would be lost.
 * @throws the system's error if it cannot listen
 */
export async function serve(stateDir: string, name: string): Promise<void> {
  const log = new LogFile(join(stateDir, LOG_NAME));
  await makePoolThreads();
  becomeSubreaper();
  const shim = new Shim(log, DescriptorRoom.ofThisProcess());
  const server = await ShimServer.listen(shim, stateDir, name, () => shim.close());
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (!shim.isIdle) log.info(`${signal} ignored: ${shim.table.size} processes`);
      else server.stop();
    });
  }
  surviveErrors(log);
  if (sayReady()) whenStarterIsGone(shim, name, () => server.expectNobody());
  else server.expectNobody();
}

/**
 * A daemon that dies between the start of this shim and its connection would leave it waiting for nothing.
 * @param name ends in the starting daemon's pid and a number, see `ShimFleet`; any other says nothing of who that is
 */
function whenStarterIsGone(shim: Shim, name: string, onGone: () => void): void {
  const starterPid = Number(/-(\d+)-\d+$/.exec(name)?.[1]);
  if (Number.isNaN(starterPid)) return;
  if (process.ppid !== starterPid) {
    onGone();
    return;
  }
  const pidFd = openPidFd(starterPid);
  const watch = shim.poller.watch(pidFd, { in: true }, () => {
    watch.close();
    closeSync(pidFd);
    onGone();
  });
}

/** @returns whether the daemon that started this shim was there to be told */
function sayReady(): boolean {
  let told = true;
  try {
    writeSync(STDOUT_FD, 'ready\n');
  } catch {
    told = false;
  }
  closeSync(STDOUT_FD);
  // Takes the number at once, which else would become a container's FIFO.
  openSync('/dev/null', 'w');
  return told;
}
