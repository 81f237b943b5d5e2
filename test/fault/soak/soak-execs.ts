import { rmSync } from 'node:fs';

import { ClientStdio } from '../../support/client-stdio';
import type { SoakHost } from './soak-host';
import { SoakProcess } from './soak-process';
import type { Random } from './soak-random';

const env = ['PATH=/bin'];
const killed = 137;
const sleeps = ['sleep', '1000'];
/** What a client may do to an exec that sleeps: the signal, and the status of its end by it. */
const signals = [[9, killed], [15, 143]] as const;

/** Execs that are under way when their container is made to end. */
export interface LateExecs {
  /** To be called before: from now on they may end with it. */
  endWithContainer(): void;
  /** Their exits are told. Before their container's, or the history is wrong. */
  untilOver(): Promise<void>;
}

/**
 * Execs in a container that runs, one after the other: some end by themselves, some by a signal, some with output, and
 * some are left for the container's end to end them.
 * @param between called between them
 */
export async function execsOf(soak: SoakHost, id: string, random: Random, between: () => Promise<void>): Promise<LateExecs> {
  const late: SoakProcess[] = [];
  for (let count = 0; random.isLikely(0.6); count += 1) {
    if (random.isLikely(0.3)) await between();
    const processId = `exec${String(count)}`;
    const kind = (['quick', 'racing', 'writes', 'signalled', 'left'] as const)[random.below(5)] ?? 'quick';
    if (kind === 'writes') {
      await writes(soak, id, processId, random);
      continue;
    }
    const status = random.below(100);
    const isSleeping = kind === 'signalled' || kind === 'left';
    const [signal, signalled] = signals[random.below(signals.length)] ?? signals[0];
    const process = new SoakProcess(id, processId, kind === 'left' ? killed : status);
    const args = isSleeping ? sleeps : ['sh', '-c', `exit ${String(status)}`];
    const ran = await soak.start(process, isSleeping ? 'runs' : 'mayEnd', (client) => add(client, { id, pid: processId, args }));
    if (!ran) continue;
    soak.figures.execs += 1;
    if (kind === 'signalled') {
      process.isSignalled(signalled);
      await soak.insist((client) => client.signal(id, signal, processId));
    }
    if (kind === 'left' || kind === 'racing') late.push(process);
    else await soak.untilOver(process);
  }
  return {
    endWithContainer: () => {
      for (const process of late) {
        // One that is just ending by itself may be faster.
        process.mayEndWith(killed);
      }
    },
    untilOver: async () => {
      await Promise.all(late.map((process) => soak.untilOver(process)));
    },
  };
}

/** An exec with output of its own, every byte of which must come. */
async function writes(soak: SoakHost, id: string, processId: string, random: Random): Promise<void> {
  const last = 1 + random.below(20_000);
  const status = random.below(100);
  const directory = `${soak.ordeal.host.directory}/stdio/${id}-${processId}`;
  const stdio = new ClientStdio(directory, false).open();
  soak.ordeal.host.closeAtEnd(() => { stdio.close(); });
  const process = new SoakProcess(id, processId, status);
  const args = ['sh', '-c', `seq ${String(last)}; exit ${String(status)}`];
  const ran = await soak.start(process, 'mayEnd', (client) => add(client, { id, pid: processId, args, ...stdio.paths }));
  if (ran) {
    soak.figures.execs += 1;
    await soak.untilOver(process);
    const seen = await stdio.stdout.untilEnd();
    const expected = Array.from({ length: last }, (_unused, at) => `${String(at + 1)}\n`).join('');
    if (seen !== expected) throw new Error(`${process.name}: ${String(seen.length)} bytes of output instead of ${String(expected.length)}`);
    soak.figures.outputBytes += seen.length;
  }
  stdio.close();
  rmSync(directory, { recursive: true, force: true });
}

type Client = Parameters<Parameters<SoakHost['start']>[2]>[0];

async function add(client: Client, request: Parameters<Client['addProcess']>[0]): Promise<number> {
  return (await client.addProcess({ env, cwd: '/', ...request })).systemPid;
}
