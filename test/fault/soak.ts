import { rmSync } from 'node:fs';
import { ClientStdio } from '../support/client-stdio';
import type { FifoReader } from '../support/fifo';
import type { AskedFor } from './history';
import { Ordeal } from './ordeal';

const path = 'PATH=/bin';
const unknown = 255;
const killed = 137;
/** Containers that live at the same time. */
const workers = 5;
const SIGKILL = 9;

/** What a soak has done. Whatever is lost, doubled, harmed or left behind makes it reject. */
export interface SoakFigures {
  daemonKills: number;
  shimKills: number;
  starts: number;
  execs: number;
  undone: number;
  /** Exits that nobody could tell the status of: their daemon and shim were killed together. */
  unknownStatuses: number;
  outputBytes: number;
}

/**
 * Random containers under random SIGKILLs of daemon and shim. The random decisions follow from the seed, each
 * worker's and the killer's by themselves; what the scheduler makes of them does not.
 */
export async function soak(seconds: number, seed: number): Promise<SoakFigures> {
  const ordeal = new Ordeal(['--retain-count=1000000']);
  const figures: SoakFigures = { daemonKills: 0, shimKills: 0, starts: 0, execs: 0, undone: 0, unknownStatuses: 0, outputBytes: 0 };
  const untilMs = performance.now() + seconds * 1000;
  const goesOn = (): boolean => performance.now() < untilMs;
  try {
    await ordeal.start([]);
    const work = Array.from({ length: workers }, async (_unused, worker) => {
      const random = randomOf(seed * 1000 + worker);
      for (let count = 0; goesOn(); count += 1) await oneContainer(ordeal, `w${String(worker)}-${String(count)}`, random, figures);
    });
    await Promise.all([...work, kills(ordeal, randomOf(seed * 1000 + 999), goesOn, figures)]);
    await ordeal.finish();
    figures.unknownStatuses = ordeal.history().filter((event) => event.type === 'exit' && event.status === unknown).length;
    return figures;
  } catch (error) {
    await ordeal.host.cleanUp().catch(() => undefined);
    throw error;
  }
}

/** Mostly the daemon, sometimes the shim, sometimes both at once. */
async function kills(ordeal: Ordeal, random: () => number, goesOn: () => boolean, figures: SoakFigures): Promise<void> {
  while (goesOn()) {
    await new Promise((resolve) => setTimeout(resolve, 200 + 1500 * random()));
    const choice = random();
    if (choice > 0.65) {
      ordeal.killShims();
      figures.shimKills += 1;
    }
    if (choice < 0.75) {
      const { daemon } = ordeal.host;
      daemon.kill('SIGKILL');
      figures.daemonKills += 1;
      await daemon.exited;
      await ordeal.revive(daemon);
    }
  }
}

async function oneContainer(ordeal: Ordeal, id: string, random: () => number, figures: SoakFigures): Promise<void> {
  const terminal = random() < 0.25;
  const lines = random() < 0.5 ? Math.floor(2000 * random()) : 0;
  const status = Math.floor(100 * random());
  const isLong = random() < 0.5;
  const directory = `${ordeal.host.directory}/stdio/${id}`;
  const stdio = new ClientStdio(directory, terminal).open();
  const script = `i=0; while [ $i -lt ${String(lines)} ]; do echo line $i; i=$((i+1)); done; ${isLong ? 'read line; ' : ''}exit ${String(status)}`;
  const bundlePath = ordeal.host.bundle(id, { args: ['sh', '-c', script], terminal });
  const request: AskedFor = { id, processId: 'init', statuses: [status, unknown, killed] };
  const hasStarted = await start(ordeal, request, figures, (client) => client.create({ id, bundlePath, ...stdio.paths }));
  if (hasStarted) {
    figures.starts += 1;
    if (isLong) {
      await during(ordeal, id, random, figures);
      ordeal.ends(id);
      if (random() < 0.3) await ordeal.call((client) => client.signal(id, SIGKILL));
      await stdio.stdin.write('end\n');
    }
    await ordeal.untilExit(id);
    if (!terminal) figures.outputBytes += await checkOutput(ordeal, id, stdio.stdout, lines, status);
  }
  stdio.close();
  // As dockerd does: output that was left unread would keep the shim until somebody reads it.
  rmSync(directory, { recursive: true, force: true });
}

/** What is done with a container while it runs: execs, signals, a pause. */
async function during(ordeal: Ordeal, id: string, random: () => number, figures: SoakFigures): Promise<void> {
  for (let count = 0; random() < 0.6; count += 1) {
    const processId = `exec${String(count)}`;
    const status = Math.floor(100 * random());
    const args = random() < 0.3 ? ['sleep', '1000'] : ['sh', '-c', `exit ${String(status)}`];
    const request: AskedFor = { id, processId, statuses: [status, unknown, killed] };
    const ran = await start(ordeal, request, figures, (client) => client.addProcess({ id, pid: processId, args, env: [path], cwd: '/' }));
    if (!ran) continue;
    figures.execs += 1;
    if (random() < 0.3) await ordeal.call((client) => client.signal(id, SIGKILL, processId));
  }
  if (random() < 0.3) {
    await ordeal.call((client) => client.updateContainer({ id, status: 'paused' }));
    // A pause that was cut off may have happened; a resume that was may not.
    while ((await ordeal.call((client) => client.updateContainer({ id, status: 'running' }))).is === 'cut');
  }
}

type Client = Parameters<Parameters<Ordeal['call']>[0]>[0];

/** Whether it has started. What has not must have left nothing. */
async function start(ordeal: Ordeal, request: AskedFor, figures: SoakFigures, ask: (client: Client) => Promise<unknown>): Promise<boolean> {
  const outcome = await ordeal.call(ask);
  if (outcome.is === 'done' || (outcome.is === 'cut' && (await ordeal.isTold(request)))) {
    ordeal.hasStarted(request);
    return true;
  }
  figures.undone += 1;
  ordeal.expectUndone(request, undefined, outcome);
  return false;
}

/** Not a byte may be missing or doubled; a container that was killed early has written less, but no other bytes. */
async function checkOutput(ordeal: Ordeal, id: string, stdout: FifoReader, lines: number, status: number): Promise<number> {
  const expected = Array.from({ length: lines }, (_unused, line) => `line ${String(line)}\n`).join('');
  const seen = await stdout.untilEnd();
  const exit = ordeal.history().find((event) => event.type === 'exit' && event.id === id && event.pid === 'init');
  const isWhole = exit?.status === status;
  if (isWhole ? seen !== expected : !expected.startsWith(seen)) {
    throw new Error(`${id}: ${String(seen.length)} bytes of output instead of ${String(expected.length)}, exit ${String(exit?.status)}`);
  }
  return seen.length;
}

/** Mulberry32: small, and the same on every machine. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
