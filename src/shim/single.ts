import { appendFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { reloadBundle } from '../runtime/bundle/bundle';
import { files } from '../runtime/state-dir/layout';
import { appendShimLog } from '../runtime/state-dir/process-dir';
import { resolveRuntime } from '../runtime/oci/runtime-program';
import type { ShimProcess } from '../runtime/shim-protocol';
import { DescriptorRoom } from '../sys/descriptor-room';
import { becomeSubreaper } from '../sys/process/process';
import { makePoolThreads } from '../sys/thread-pool';
import { messageOf } from '../sys/thrown';
import { asShimError } from './errors';
import type { ShimLog } from './log';
import { Shim } from './shim';
import { surviveErrors } from './survive';
import { take } from './verbs/take';

/** How long output that nobody has read keeps the program, for whose end an original daemon may wait. */
const LINGER_MS = 1000;

/**
 * The original shim's form, for one process: `<container id> <bundle> <runtime>` in its directory. Everything
 * else stands in that directory's process.json, and errors go to its shim-log.json, which an original daemon wants
 * to find. The runtime's own errors stand in its log and are not repeated there: the daemon tells the two apart.
 * @returns the program's exit status: 0 also when the runtime failed
 */
export async function runSingle(id: string, bundle: string, runtime: string): Promise<number> {
  const dir = process.cwd();
  appendFileSync(join(dir, files.shimLog), '', { mode: 0o600 });
  const log = shimLogOf(dir);
  surviveErrors(log);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  await makePoolThreads();
  becomeSubreaper();
  const shim = new Shim(log, DescriptorRoom.ofThisProcess(), dir);
  // Our stdio is the null device and there is no socket: nothing else keeps this program alive.
  shim.poller.ref();
  try {
    const program = resolveRuntime(runtime, new Map());
    const ownPidNamespace = hasOwnPidNamespace(bundle, log);
    await runToItsEnd(shim, { dir, id, processId: basename(dir), bundle, runtime: program, ownPidNamespace });
    return 0;
  } catch (error) {
    const { code, message } = asShimError(error);
    if (code === 'runtime-failed') return 0;
    log.error(message);
    return 1;
  } finally {
    shim.close();
  }
}

async function runToItsEnd(shim: Shim, identity: ShimProcess): Promise<void> {
  await take(shim, identity);
  await shim.table.get(identity.dir)?.over;
  // Copiers end by themselves.
  if (shim.lingering.size === 0) return;
  const idle = new Promise<void>((resolve) => {
    shim.onIdle = resolve;
  });
  const stop = new AbortController();
  await Promise.race([idle, delay(LINGER_MS, undefined, { signal: stop.signal })]);
  stop.abort();
}

function hasOwnPidNamespace(bundle: string, log: ShimLog): boolean {
  try {
    return reloadBundle(bundle, bundle).hasPidNamespace;
  } catch (error) {
    // One call of the runtime more than needed, at worst. What is wrong with the bundle, the runtime will say.
    log.info(messageOf(error));
    return false;
  }
}

/** An original daemon takes the first error that stands there for the reason of a failed start. */
function shimLogOf(dir: string): ShimLog {
  return {
    error: (message, cause, about) => {
      try {
        const subject = about === undefined ? '' : `${about}: `;
        appendShimLog(dir, cause === undefined ? message : `${subject}${message}: ${messageOf(cause)}`);
      } catch {
        // There is no other place to say it.
      }
    },
    info: () => undefined,
  };
}
