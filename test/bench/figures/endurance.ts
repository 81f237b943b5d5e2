import type { BenchHost } from '../bench-host';
import { type Figure, atMost, figureOf } from '../figure';
import { pssOf, supervisors } from '../proc';

/** Beyond this, what many starts and execs leave in memory is taken for a leak, in MB. */
const allowedGrowthMb = 15;

/**
 * V8 collects the old generation for the first time after some thousand starts and execs, at 85 MB of the daemon's; from then on
 * it stays near 63 MB (seen every ten seconds over 3,500). Until then, what grows is garbage.
 */
const untilSteady = 1500;

/** Memory after many starts and execs: the heap breathes, but nothing may be kept. A quick run has too few for a verdict. */
export async function enduranceFigure(host: BenchHost): Promise<Figure> {
  const { endurance, quick } = host.options;
  const pid = await host.daemonPid();
  const [keeper = ''] = await host.startMany(1);
  const before = quick ? endurance : untilSteady;
  await rounds(host, keeper, before);
  const beforeMb = pssOf(supervisors(pid));
  await rounds(host, keeper, endurance);
  const grown = pssOf(supervisors(pid)) - beforeMb;
  await host.endMany([keeper]);
  const what = `memory gained by ${String(endurance)} starts and as many execs, after ${String(before)} before`;
  return figureOf({ name: 'endurance', what, unit: 'MB', targets: quick ? [] : [atMost(allowedGrowthMb)] }, [{ ours: [grown] }]);
}

async function rounds(host: BenchHost, keeper: string, count: number): Promise<void> {
  for (let done = 0; done < count; done += 10) {
    const ids = await host.startMany(10);
    const events = host.events();
    await Promise.all(
      ids.map(async (id, index) => {
        const pid = `${id}-p`;
        const target = index % 2 === 0 ? keeper : id;
        await host.client.addProcess({ id: target, pid, args: ['/bin/true'], cwd: '/', env: ['PATH=/bin'] });
        await events.untilExit(target, pid);
      }),
    );
    events.close();
    await host.endMany(ids);
  }
}
