import { mostInputBytes, runWithInput } from '../../sys/process/run-with-input';
import { exitStatusOf } from '../../sys/process/wait-status';
import { faultPoint } from '../../sys/fault';
import type { StoredIn } from '../machine/state';
import type { ManagedDefinition } from './managed-definition';
import type { EngineParts } from './parts';

/** A command that does not end is not waited for longer. */
const timeoutMs = 60_000;
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: '/' };

/** Has the definition's command hear of it. Resolves once it has ended, however: a daemon that dies meanwhile has it run again. Never rejects. */
export async function tellFatal({ programs: { log }, fatal }: EngineParts, { name, process }: ManagedDefinition, stored: StoredIn<'FATAL'>): Promise<void> {
  const { onFatal } = process;
  if (onFatal.is !== 'command') return;
  try {
    const status = exitStatusOf(await runWithInput(fatal.reaper, { command: onFatal.command, input: eventOf(name, process.group, stored), env, timeoutMs }));
    if (status !== 0) log.error({ program: name, command: onFatal.command[0], status }, 'the command of on_fatal failed');
  } catch (error) {
    log.error({ program: name, command: onFatal.command[0], err: error }, 'the command of on_fatal cannot be run');
  }
  faultPoint('daemon.agent.fatal-told');
}

/** A line of JSON. */
function eventOf(program: string, group: string, { reason, generation, lastEnd, since }: StoredIn<'FATAL'>): Buffer {
  const end = lastEnd && { status: lastEnd.status, at_ms: lastEnd.atMs, ran_ms: lastEnd.ranMs };
  // What a runtime has to say may be long: the rest has room beside it.
  const short = reason.slice(0, mostInputBytes / 8);
  return Buffer.from(`${JSON.stringify({ event: 'fatal', program, group, state: 'FATAL', reason: short, at_ms: since.wallMs, generation, last_end: end ?? null })}\n`);
}
