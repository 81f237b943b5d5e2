import { rmSync } from 'node:fs';

import { ClientStdio } from '../../support/client-stdio';
import type { FifoReader } from '../../support/fifo';
import { execsOf } from './soak-execs';
import type { SoakHost } from './soak-host';
import { SoakProcess } from './soak-process';
import type { Random } from './soak-random';

const SIGKILL = 9;
const killed = 137;
/** What the script ends with when its stdin does, which nobody closes: only a terminal's hang-up is a reason. */
const stdinEnded = 99;
/** SIGHUP, where it is not its namespace's init (pid_namespaces(7)). */
const hungUp = 129;
/** Eight bytes a line. */
const firstLine = 1_000_001;

/** How one container lives and ends, decided before it starts. */
interface Plan {
  readonly terminal: boolean;
  /** Of output at its start. */
  readonly lines: number;
  readonly status: number;
  /** It runs until it is told to end, or killed. */
  readonly ending: 'itself' | 'told' | 'killed' | 'killed while paused';
  readonly pidNamespace: boolean;
  /** The client takes its output only after this long. */
  readonly readsAfterMs: number;
}

/** One container from its start to its end, with all that is expected of it. */
export async function oneContainer(soak: SoakHost, id: string, random: Random): Promise<void> {
  const plan = planOf(random);
  const directory = `${soak.ordeal.host.directory}/stdio/${id}`;
  const stdio = new ClientStdio(directory, plan.terminal).open();
  soak.ordeal.host.closeAtEnd(() => { stdio.close(); });
  const process = new SoakProcess(id, 'init', plan.status, plan.terminal ? [plan.status, stdinEnded, hungUp] : undefined);
  const bundlePath = soak.ordeal.host.bundle(id, { args: ['sh', '-c', scriptOf(plan)], terminal: plan.terminal, pidNamespace: plan.pidNamespace });
  takeLater(stdio.stdout, plan.readsAfterMs);
  const hasStarted = await soak.start(process, plan.ending === 'itself' ? 'mayEnd' : 'runs', async (client) => {
    const { container } = await client.create({ id, bundlePath, ...stdio.paths });
    return container?.processes[0]?.systemPid ?? 0;
  });
  if (hasStarted) {
    soak.figures.starts += 1;
    const words = plan.ending === 'itself' ? [] : await live(soak, process, plan, stdio, random);
    await soak.untilOver(process);
    if (!plan.terminal) await checkOutput(soak, process, plan, words, stdio);
  }
  stdio.close();
  // As dockerd does: output that was left unread would keep the shim until somebody reads it.
  rmSync(directory, { recursive: true, force: true });
}

function planOf(random: Random): Plan {
  const endings = ['itself', 'itself', 'told', 'told', 'told', 'told', 'killed', 'killed', 'killed while paused'] as const;
  return {
    terminal: random.isLikely(0.2),
    lines: random.isLikely(0.5) ? random.below(20_000) : 0,
    status: random.below(90),
    ending: endings[random.below(endings.length)] ?? 'itself',
    pidNamespace: random.isLikely(0.9),
    readsAfterMs: random.isLikely(0.3) ? random.below(500) : 0,
  };
}

function scriptOf({ lines, status, ending }: Plan): string {
  const counting = `echo begun >&2; seq ${String(firstLine)} ${String(firstLine + lines - 1)}; `;
  const listening = `while read word; do [ "$word" = end ] && exit ${String(status)}; echo "got $word"; done; exit ${String(stdinEnded)}`;
  return counting + (ending === 'itself' ? `exit ${String(status)}` : listening);
}

/** Until it is made to end. @returns the words that it was given, each of which it answers */
async function live(soak: SoakHost, process: SoakProcess, plan: Plan, stdio: ClientStdio, random: Random): Promise<readonly string[]> {
  const { id } = process;
  const words: string[] = [];
  const say = async (): Promise<void> => {
    words.push(`word${String(words.length)}`);
    await stdio.stdin.write(`${words.at(-1) ?? ''}\n`);
  };
  const execs = plan.terminal ? undefined : await execsOf(soak, id, random, say);
  const isKilled = plan.ending !== 'told';
  const pauses = !plan.terminal && (plan.ending === 'killed while paused' || random.isLikely(0.3));
  if (pauses) await pause(soak, process, plan.ending !== 'killed while paused');
  execs?.endWithContainer();
  if (isKilled) {
    process.isSignalled(killed);
    await soak.insist((client) => client.signal(id, SIGKILL), () => process.isHungUp);
  } else {
    process.mayEndWith();
    await stdio.stdin.write('end\n');
  }
  await execs?.untilOver();
  return words;
}

async function pause(soak: SoakHost, process: SoakProcess, isResumed: boolean): Promise<void> {
  const { id } = process;
  await soak.insist((client) => client.updateContainer({ id, status: 'paused' }));
  process.isPaused = true;
  if (!isResumed) return;
  process.isPaused = false;
  await soak.insist((client) => client.updateContainer({ id, status: 'running' }));
}

/** Not a byte may be missing or doubled; a container that was killed may have written less, but no other bytes. */
async function checkOutput(soak: SoakHost, process: SoakProcess, plan: Plan, words: readonly string[], stdio: ClientStdio): Promise<void> {
  const lines = Array.from({ length: plan.lines }, (_unused, line) => `${String(firstLine + line)}\n`);
  const expected = [...lines, ...words.map((word) => `got ${word}\n`)].join('');
  const seen = await stdio.stdout.untilEnd();
  const said = await stdio.stderr.untilEnd();
  const isWhole = plan.ending === 'itself' || plan.ending === 'told';
  const isRight = isWhole ? seen === expected && said === 'begun\n' : expected.startsWith(seen) && 'begun\n'.startsWith(said);
  if (!isRight) {
    const at = [...expected].findIndex((character, index) => seen[index] !== character);
    throw new Error(
      `${process.id}: ${String(seen.length)} bytes of output instead of ${String(expected.length)}, other ones from ${String(at)} on, ` +
        `${JSON.stringify(said)} on stderr, exit ${String(soak.statusOf(process))}`,
    );
  }
  soak.figures.outputBytes += seen.length;
}

/** A client that is busy elsewhere: the pipe fills meanwhile. */
function takeLater(reader: FifoReader, afterMs: number): void {
  if (afterMs === 0) return;
  reader.pause();
  setTimeout(() => { reader.resume(); }, afterMs);
}
