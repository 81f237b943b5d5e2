import { setTimeout as delay } from 'node:timers/promises';
import { readCgroup } from '../../runtime/cgroups/cgroup-file';
import { readOomKills } from '../../runtime/cgroups/oom-kills';
import { RuntimeError } from '../../runtime/errors';
import { deleteArgs, killAllArgs } from '../../runtime/oci/oci-runtime';
import { appendShimLog, markDeleted, writeOomKillsAtEnd } from '../../runtime/state-dir/process-dir';
import { faultPoint } from '../../sys/fault';
import { isFull, isShortage } from '../../sys/shortage';
import type { FaultPoint } from '../../sys/fault-points';
import { messageOf } from '../../sys/thrown';
import { recordExitStatus } from './exit-status';
import type { ManagedProcess } from './managed-process';
import { callRuntime } from './runtime-call';
import type { Shim } from '../shim';
import { untilStartIsTold } from '../verbs/start-told';

/** How long a runtime may still be at work on an exec whose container has ended, before it is aborted. */
const LATE_EXEC_MS = 5000;

/** A step that lacks processes, descriptors or memory is tried again for this long: nobody else can take it better. */
const SHORTAGE_MS = 60_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/**
 * The end of a process, step by step, each of which can be repeated by whoever adopts it half-done: its status on disk,
 * the rest of the container killed, its output passed on, its OOM kills counted, the container deleted in the runtime, and last of
 * all the exit FIFO let go, which tells the daemon. Of a process that is kept it is let go once its status is on disk and its output read, and the daemon
 * waits for the other steps when it is to be deleted. A step that fails is logged (and, where something had run out, tried
 * again for a while) and does not stop the others: the daemon must hear of the end. Never rejects.
 * @param status 0 to 255
 */
export async function end(shim: Shim, entry: ManagedProcess, status: number): Promise<void> {
  entry.ended(status);
  const step = stepper(shim, entry);
  await recordExitStatus(shim, entry, status);
  if (entry.isInit) {
    // With a pid namespace the kernel has killed them all when its init ended (pid_namespaces(7)).
    if (!entry.identity.ownPidNamespace) await step('shim.end.kill-all', () => killRest(shim, entry));
  }
  // Who hears of the end finds what was said last in the files, or has read it.
  if (entry.isKept && entry.io?.keepsOutput === true) await step('shim.end.drain', () => entry.finishIo());
  else if (entry.isKept) await step('shim.end.read', async () => entry.io?.untilRead());
  // It is told of now, and what is left to do must be done before it is deleted.
  if (entry.isKept) await step('shim.end.tell', () => Promise.resolve(entry.hangUp()));
  if (entry.isInit) await step('shim.end.execs', () => untilExecsAreOver(shim, entry));
  await step('shim.end.drain', () => entry.finishIo());
  if (entry.isInit) {
    await step('shim.end.start-told', () => untilStartIsTold(entry));
    await step('shim.end.count-oom-kills', () => countOomKills(entry));
    await step('shim.end.delete', () => deleteContainer(shim, entry));
  }
  await step('shim.end.let-go', () => Promise.resolve());
  shim.release(entry);
}

type Step = (name: FaultPoint, run: () => Promise<void>) => Promise<void>;

function stepper(shim: Shim, entry: ManagedProcess): Step {
  return async (name, run) => {
    const beganMs = performance.now();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        await shim.gate.pass();
        faultPoint(name);
        await run();
        return;
      } catch (error) {
        shim.log.error(name, error, entry.label);
        // A start that is undone keeps its daemon waiting, which goes on by itself.
        if (!isShortage(error) || isFull(error) || entry.abortion.signal.aborted || performance.now() - beganMs > SHORTAGE_MS) return;
      }
      await delay(pauseMs);
    }
  };
}

async function killRest(shim: Shim, entry: ManagedProcess): Promise<void> {
  try {
    await callRuntime(shim, entry, killAllArgs(entry.command, entry.identity.id));
  } catch (error) {
    shim.log.error('killing the rest of the container', error, entry.label);
    // The runtime knows them all, and we at least those that we wait for next.
    for (const exec of shim.table.execsOf(entry)) exec.kill();
  }
}

/** The exit of `init` is the last of its container's. */
async function untilExecsAreOver(shim: Shim, entry: ManagedProcess): Promise<void> {
  const { ownPidNamespace } = entry.identity;
  // Also where the runtime could not be asked to kill them all: without this, nobody would end them.
  if (!ownPidNamespace) for (const exec of shim.table.execsOf(entry)) exec.kill();
  const timer = setTimeout(() => {
    for (const exec of shim.table.execsOf(entry)) if (exec.phase === 'taking') exec.abortion.abort();
  }, LATE_EXEC_MS);
  for (let execs = shim.table.execsOf(entry); execs.length > 0; execs = shim.table.execsOf(entry)) {
    await Promise.all(execs.map((exec) => exec.over));
  }
  clearTimeout(timer);
}

/** The daemon may be busy, or down: once the cgroup is removed, nobody else can tell of them any more. */
function countOomKills(entry: ManagedProcess): Promise<void> {
  const { dir } = entry.identity;
  const cgroup = readCgroup(dir);
  const kills = cgroup === undefined ? undefined : readOomKills(cgroup);
  if (kills !== undefined) writeOomKillsAtEnd(dir, kills);
  return Promise.resolve();
}

async function deleteContainer(shim: Shim, entry: ManagedProcess): Promise<void> {
  await callDelete(shim, entry);
  faultPoint('shim.end.deleted');
  markDeleted(entry.identity.dir);
}

async function callDelete(shim: Shim, entry: ManagedProcess): Promise<void> {
  const { id } = entry.identity;
  try {
    await callRuntime(shim, entry, deleteArgs(entry.command, id));
    return;
  } catch (error) {
    // A repeated step: what is gone has been deleted before.
    if (/does not exist/.test(messageOf(error))) return;
    shim.log.error('deleting the container', error, entry.label);
    noteInShimLog(shim, entry, messageOf(error));
    // Asked with force, it would not answer either.
    if (error instanceof RuntimeError && error.code === 'unanswered') throw error;
  }
  await callRuntime(shim, entry, deleteArgs(entry.command, id, { force: true }));
}

function noteInShimLog(shim: Shim, entry: ManagedProcess, message: string): void {
  try {
    appendShimLog(entry.identity.dir, message);
  } catch (error) {
    shim.log.error('appending to shim-log.json', error, entry.label);
  }
}
