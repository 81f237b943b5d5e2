import { readdirSync, readFileSync } from 'node:fs';

import { readProcStat } from '../../src/sys/process/process';

/** The daemon, and the programs that it has started and that are no containers: its shims. */
export function supervisors(daemonPid: number): number[] {
  return [daemonPid, ...childrenOf(daemonPid)];
}

function childrenOf(parentPid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readProcStat(pid)?.parentPid === parentPid);
}

/** The same, and what those have started for themselves: copiers and the like, which are not programs of users. */
export function withAllHelpers(daemonPid: number): number[] {
  const direct = supervisors(daemonPid);
  const isHelper = (pid: number): boolean => readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0').some((word) => word.startsWith('--copier') || word.startsWith('--hands'));
  return [...direct, ...direct.slice(1).flatMap(childrenOf).filter(isHelper)];
}

/** These, and what they have started that is no container's: the copiers and hands of the shims. */
export function withTheirPrograms(daemonPid: number): number[] {
  const all = new Set(supervisors(daemonPid));
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isNaN(pid) ? undefined : readProcStat(pid)?.parentPid;
    if (parent !== undefined && all.has(parent) && isShimProgram(pid)) all.add(pid);
  }
  return [...all];
}

/** `holdfast-shim --copier`, and its like. */
function isShimProgram(pid: number): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').startsWith('holdfast-shim');
  } catch {
    return false;
  }
}

/** Proportional set size in MB (proc(5), smaps_rollup): what the processes cost, shared pages shared out. */
export function pssOf(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'utf8'))?.[1]));
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1000;
}

/** CPU milliseconds of all threads so far (schedstat: nanoseconds on the CPU). */
export function cpuMsOf(pids: readonly number[]): number {
  return pids.flatMap((pid) => threadsOf(pid)).reduce((sum, each) => sum + each, 0);
}

function threadsOf(pid: number): number[] {
  const tasks = `/proc/${String(pid)}/task`;
  return readdirSync(tasks).map((tid) => Number(readFileSync(`${tasks}/${tid}/schedstat`, 'utf8').split(' ')[0]) / 1e6);
}
