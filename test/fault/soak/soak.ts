import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { oneContainer } from './soak-container';
import { SoakHost, type SoakFigures } from './soak-host';
import { SoakKills } from './soak-kills';
import { Random } from './soak-random';
import { oneTask } from './soak-task';
import { TaskOrdeal } from '../matrix/task-ordeal';

const unknown = 255;
/** Containers of the legacy API that live at the same time. */
const workers = 5;
/** One task in each at a time, all of the same ids. */
const namespaces = ['red', 'blue'];

/**
 * Random containers under random SIGKILLs of daemon and shim. The random decisions follow from the seed, each
 * worker's and the killer's by themselves; what the scheduler makes of them does not.
 */
export async function soak(seconds: number, seed: number): Promise<SoakFigures> {
  const host = new SoakHost();
  const { ordeal, figures } = host;
  const untilMs = performance.now() + seconds * 1000;
  let hasFailed = false;
  let fail: (error: unknown) => void = () => undefined;
  const failure = new Promise<never>((_resolve, reject) => {
    fail = (error) => {
      hasFailed = true;
      reject(error as Error);
    };
  });
  // On a busy machine nothing may get through between two kills for seconds: then there is nothing to be lost yet.
  const hasSeenSome = (): boolean => figures.starts > 0 && figures.tasks > 0;
  const goesOn = (): boolean => !hasFailed && (performance.now() < untilMs || !hasSeenSome());
  try {
    await ordeal.start([]);
    const kills = new SoakKills(host, new Random(seed * 1000 + 999), fail);
    const work = Array.from({ length: workers }, async (_unused, worker) => {
      const random = new Random(seed * 1000 + worker);
      for (let count = 0; goesOn(); count += 1) await oneContainer(host, `w${String(worker)}-${String(count)}`, random);
    });
    const taskWork = namespaces.map(async (namespace, at) => {
      const random = new Random(seed * 1000 + 500 + at);
      const tasks = new TaskOrdeal(ordeal, namespace);
      for (let count = 0; goesOn(); count += 1) await oneTask(host, tasks, `t${String(count)}`, random);
    });
    await Promise.race([Promise.all([...work, ...taskWork, kills.run(goesOn)]), failure]);
    await ordeal.finish();
    figures.endsUnseen = [...host.processes].filter((one) => one.hasStarted && one.statuses.includes(unknown)).length;
    figures.unknownStatuses += ordeal.history().filter((event) => event.type === 'exit' && event.status === unknown).length;
    return figures;
  } catch (error) {
    hasFailed = true;
    process.stderr.write(`soak: seed ${String(seed)}, ${JSON.stringify(figures)}\n${wordsOn(ordeal.host, error)}\n`);
    await ordeal.giveUp();
    throw error;
  }
}

/** What daemons and shims have logged of the containers that an error names. */
function wordsOn({ directory, stateDir }: SoakHost['ordeal']['host'], error: unknown): string {
  const ids = new Set(String(error).match(/\b(?:w\d+-|t)\d+\b/g));
  const logs = [directory, stateDir].flatMap((place) => readdirSync(place).filter((name) => /^daemon-.*\.log$|shim\.log/.test(name)).map((name) => join(place, name)));
  return logs
    .flatMap((path) => readFileSync(path, 'utf8').split('\n').filter((line) => [...ids].some((id) => new RegExp(`\\b${id}\\b`).test(line))))
    .join('\n');
}
