import { closeSync, readdirSync, readFileSync } from 'node:fs';

import { Poller } from '../../src/sys/poller';
import { openPidFd } from '../../src/sys/process/process';
import { cgroupDirectories } from './cgroups';
import { patienceMs, within } from './deadline';
import { until } from './until';

/** A process as the kernel shows it at one moment. */
export interface SeenProcess {
  readonly pid: number;
  /** Joined with spaces; empty for kernel threads and zombies. */
  readonly commandLine: string;
  /** Field 22 of its stat file: with the pid, it names one process for ever. */
  readonly starttime: string;
}

/** Every process but this one. */
export function allProcesses(): SeenProcess[] {
  return otherPids().flatMap((pid) => processOf(pid) ?? []);
}

function otherPids(): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid)).map(Number);
}

/** The process of that pid, or undefined. Zombies count as gone. */
export function processOf(pid: number): SeenProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name in parentheses may hold spaces and parentheses itself (proc(5)).
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const commandLine = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0').join(' ').trim();
    return { pid, commandLine, starttime: rest[18] ?? '' };
  } catch {
    return undefined;
  }
}

/** Its arguments, argv[0] first. What a process has shortened ends in NULs where the kernel did not let it move the end. */
export function argumentsOf(pid: number): string[] {
  return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replace(/\0+$/, '').split('\0');
}

/** Processes whose command line holds the text. */
export function processesNaming(text: string): SeenProcess[] {
  return otherPids().filter((pid) => textOf(`/proc/${String(pid)}/cmdline`).split('\0').join(' ').includes(text)).flatMap((pid) => processOf(pid) ?? []);
}

/** How many processes have the text in their command line. */
export function countProcesses(text: string): number {
  return processesNaming(text).length;
}

/** Processes in cgroups below the given one (`/holdfast-test-…`), in any hierarchy. */
export function processesInCgroup(path: string): SeenProcess[] {
  const pids = cgroupDirectories(path).below.flatMap((directory) => textOf(`${directory}/cgroup.procs`).split('\n').filter((line) => line !== '').map(Number));
  return [...new Set(pids)].filter((pid) => pid !== process.pid).flatMap((pid) => processOf(pid) ?? []);
}

/** Empty where the file has gone meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Sends the signal, unless the pid has come to name another process or none. */
export function signalExactly(seen: SeenProcess, signal: NodeJS.Signals): void {
  if (processOf(seen.pid)?.starttime !== seen.starttime) return;
  try {
    process.kill(seen.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Resolves when the process is over (a zombie is), whoever's child it is: by its pidfd (pidfd_open(2)). */
export async function waitForExit(pid: number, deadlineMs = patienceMs): Promise<void> {
  let pidFd: number;
  try {
    pidFd = openPidFd(pid);
  } catch (error) {
    if ((error as { code?: string }).code === 'ESRCH') return;
    throw error;
  }
  let fail: (error: unknown) => void = () => undefined;
  const poller = new Poller((error) => {
    fail(error);
  });
  try {
    const over = new Promise<void>((resolve, reject) => {
      fail = reject;
      poller.watch(pidFd, { in: true }, () => {
        resolve();
      });
    });
    await within(over, `the end of process ${String(pid)} (${processOf(pid)?.commandLine ?? 'gone'})`, deadlineMs);
  } finally {
    poller.close();
    closeSync(pidFd);
  }
}

/**
 * Resolves once the process catches that signal (`SigCgt` of proc_pid_status(5)). A process 1 of its PID namespace hears nothing of a signal that
 * it does not catch (pid_namespaces(7)), and a program that has been started a moment ago has not asked for any: a signal sent then is lost for ever.
 */
export async function untilCaught(pid: number, signal: number): Promise<void> {
  const caught = (): string => /^SigCgt:\s*([0-9a-f]+)$/m.exec(textOf(`/proc/${String(pid)}/status`))?.[1] ?? '0';
  await until(`process ${String(pid)} to catch signal ${String(signal)}`, caught, (mask) => (BigInt(`0x${mask}`) >> BigInt(signal - 1) & 1n) === 1n);
}
