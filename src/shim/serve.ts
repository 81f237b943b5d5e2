import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DescriptorRoom } from '../sys/descriptor-room';
import { faultPoint } from '../sys/fault';
import { becomeSubreaper, openPidFd } from '../sys/process/process';
import { closeAllAtExec } from '../sys/process/replace-program';
import { letGoOfStartCode } from '../sys/start-code';
import { makePoolThreads } from '../sys/thread-pool';
import { type Handing, handOver } from './handover/hand-over';
import { readState, takeUp } from './handover/take-up';
import { LOG_NAME, LogFile } from './log';
import { ShimServer } from './server';
import { Shim } from './shim';
import { surviveErrors } from './survive';
import { VERSION } from './version';

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
  const shim = new Shim(log, DescriptorRoom.ofThisProcess(), stateDir);
  const server = await ShimServer.listen(shim, stateDir, name, () => shim.close());
  run({ shim, server, stateDir, name });
  faultPoint('shim.serve.before-ready');
  if (sayReady()) whenStarterIsGone(shim, name, () => server.expectNobody());
  else server.expectNobody();
  letGoOfStartCode();
}

/**
 * Goes on as the program that a shim has replaced itself by, in the same process: see `handOver`. @param stateFd its sealed state
 * @throws where it cannot: its processes are adopted then, as those of a dead shim
 */
export async function resume(stateDir: string, name: string, stateFd: number): Promise<void> {
  // First: without a handler they would end it.
  for (const signal of STOP_SIGNALS) process.on(signal, () => undefined);
  closeAllAtExec();
  const log = new LogFile(join(stateDir, LOG_NAME));
  const state = readState(stateFd);
  const shim = new Shim(log, DescriptorRoom.ofThisProcess(), stateDir);
  takeUp(shim, state);
  closeSync(stateFd);
  becomeSubreaper();
  await makePoolThreads();
  const server = await ShimServer.takeUp(shim, stateDir, name, state, () => shim.close());
  run({ shim, server, stateDir, name });
  log.info(`goes on as version ${VERSION}, with ${shim.table.size} processes`);
  // All of it may have ended, and the daemon gone, while nobody looked.
  server.expectNobody();
  letGoOfStartCode();
}

function run(handing: Handing): void {
  const { shim, server } = handing;
  shim.upgrade = (command) => handOver(handing, command);
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      faultPoint('shim.signal');
      if (!shim.isIdle) shim.log.info(`${signal} ignored: ${shim.table.size} processes`);
      else server.stop();
    });
  }
  surviveErrors(shim.log);
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
