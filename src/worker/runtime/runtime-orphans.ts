import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ForeignFiles } from '../../runtime/foreign/foreign-files';
import type { FoundProgram } from '../../runtime/foreign/programs';
import { files } from '../../runtime/state-dir/layout';
import { isRunning, killGroup, killPid, readProcStat } from '../../sys/process/process';
import { isShortage } from '../../sys/shortage';
import type { Takeover } from '../shims/shim';

/** A call that comes to its end leaves less behind than one that is killed on its way. */
const graceMs = 1000;
/** A killed one that is not gone by then sits in the kernel, and cannot be waited for. */
const patienceMs = 5000;
const lookEveryMs = 25;

type ProgramFinder = Pick<ForeignFiles, 'findProgram'>;

/** A call that is under way: what has the same number later is another process. */
interface Call {
  readonly pid: number;
  readonly starttime: string;
}

/**
 * Ends the runtime's calls that a dead shim or daemon has left under way for a process, which would go on to make
 * or start what nobody wants any more. They are nobody's children here, so that only /proc tells of them, and of their
 * end: this looks at every process of the host, and is for where a shim or daemon has died.
 *
 * A call is known by what it was asked, word for word, and by being the runtime: its program, its copy in memory, or what
 * executes it where it is a script. A script may have become another program, which is a call where its parent is dead.
 * One that a shim was killed over before its execve(2) still goes by that shim's arguments: it lives on alone
 * (vfork(2)), and becomes the runtime in a moment.
 * @param deadShims names of shims that are dead
 */
export async function endRuntimeCallsOf(
  foreign: ProgramFinder, takeover: Pick<Takeover, 'dir' | 'runtime'>, deadShims: readonly string[],
): Promise<void> {
  const recognize = recognizerOf(takeover, await findIfThere(foreign, takeover.runtime), deadShims);
  const beganMs = performance.now();
  // Once more after the last has gone: one may have been on its way from the one form to the other.
  for (let calls = await callsUnderWay(recognize); calls.length > 0; calls = await callsUnderWay(recognize)) {
    for (; calls.length > 0; calls = calls.filter(isUnderWay)) {
      const waitedMs = performance.now() - beganMs;
      if (waitedMs > patienceMs) return;
      if (waitedMs > graceMs) for (const call of calls) kill(call);
      await delay(lookEveryMs);
    }
  }
}

async function callsUnderWay(recognize: (pid: number) => Call | undefined): Promise<Call[]> {
  const found: Call[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const call = recognize(Number(entry));
    if (call !== undefined) found.push(call);
    // A scan of a busy host's /proc takes milliseconds; the daemon answers in between.
    if (Number(entry) % 64 === 0) await new Promise(setImmediate);
  }
  return found;
}

function recognizerOf(
  { dir, runtime }: Pick<Takeover, 'dir' | 'runtime'>, { realPath, isScript }: Pick<FoundProgram, 'realPath' | 'isScript'>, deadShims: readonly string[],
): (pid: number) => Call | undefined {
  const asked = [['--log', join(dir, files.log)], ['--pid-file', join(dir, files.pid)]] as const;
  const ours = executableOf(process.pid);
  const reapers = ancestry();
  const isRuntime = (pid: number, args: readonly string[], askedFrom: number): boolean => {
    const executable = executableOf(pid);
    if (executable === undefined) return false;
    // memfd_create(2); a copy has the name of its program (src/runtime/oci/sealed-copy.ts, and runc's own).
    if (executable === realPath || executable.startsWith(`/memfd:${basename(runtime)}`)) return true;
    return isScript && args.slice(1, askedFrom).includes(runtime);
  };
  return (pid) => {
    const args = argumentsOf(pid);
    const askedFrom = args.findIndex((argument, at) => asked.some(([flag, path]) => argument === flag && args[at + 1] === path));
    const isCall = askedFrom >= 0 && (isRuntime(pid, args, askedFrom) || isOrphan(pid, reapers));
    const isBeginning = !isCall && args.some((argument) => deadShims.includes(argument)) && (executableOf(pid) === ours || isOrphan(pid, reapers));
    const starttime = isCall || isBeginning ? readProcStat(pid)?.starttime : undefined;
    return starttime === undefined ? undefined : { pid, starttime };
  };
}

/**
 * Whether its parent is dead: it has come to one that takes orphans, which is this daemon, as a subreaper, or one of those that it
 * descends from; or to someone else's, of another session, while its own session's leader is gone. That the leader is gone
 * says nothing alone: so it is in each session that a shell has left behind, and in one from outside of a PID namespace (session 0).
 */
function isOrphan(pid: number, reapers: ReadonlySet<number>): boolean {
  const stat = readProcStat(pid);
  if (stat === undefined) return false;
  if (reapers.has(stat.parentPid)) return true;
  return stat.session !== pid && readProcStat(stat.session) === undefined && readProcStat(stat.parentPid)?.session !== stat.session;
}

/** This process and those that it descends from. */
function ancestry(): ReadonlySet<number> {
  const pids = new Set<number>();
  for (let pid = process.pid; pid > 0 && !pids.has(pid); pid = readProcStat(pid)?.parentPid ?? 0) pids.add(pid);
  return pids;
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    if (isShortage(error)) throw error;
    return [];
  }
}

/** Also where it has been updated, and so removed, since. */
function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
  } catch (error) {
    if (isShortage(error)) throw error;
    return undefined;
  }
}

/** One that is not there any more, or whose file system hangs, can be known by its own path alone. */
async function findIfThere(foreign: ProgramFinder, path: string): Promise<Pick<FoundProgram, 'realPath' | 'isScript'>> {
  try {
    return await foreign.findProgram(path);
  } catch (error) {
    if (isShortage(error)) throw error;
    return { realPath: path, isScript: false };
  }
}

function isUnderWay({ pid, starttime }: Call): boolean {
  return isRunning(pid, starttime);
}

/** Each call leads a group of its own, with the helpers that it has started; what does not lead one is killed alone. */
function kill(call: Call): void {
  for (const end of [killGroup, killPid]) {
    if (isUnderWay(call)) end(call.pid);
  }
}
