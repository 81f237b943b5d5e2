import type { BenchHost } from '../bench-host';
import { type Figure, atMost, figureOf } from '../figure';
import { pssOf, supervisors } from '../proc';

/** Beyond this, what many starts and execs leave in memory is taken for a leak, in MB. */
const allowedGrowthMb = 15;

/**
 * Memory after many starts and execs: the heap breathes, but nothing may be kept. V8's young generations grow to
 * 16 MB and more in the first some hundreds, so as many go before; a quick run has too few for a verdict.
 */
export async function enduranceFigure(host: BenchHost): Promise<Figure> {
  const { endurance, quick } = host.options;
  const pid = await host.daemonPid();
  const [keeper = ''] = await host.startMany(1);
  await rounds(host, keeper, Math.min(endurance, 1000));
  const before = pssOf(supervisors(pid));
  await rounds(host, keeper, endurance);
  const grown = pssOf(supervisors(pid)) - before;
  await host.endMany([keeper]);
  const what = `memory gained by ${String(endurance)} starts and as many execs, after as many before`;
  return figureOf({ name: 'endurance', what, unit: 'MB', targets: quick ? [] : [atMost(allowedGrowthMb)] }, [{ ours: [grown] }]);
}

async function rounds(host: BenchHost, keeper: string, count: number): Promise<void> {
  for (let done = 0; done < count; done += 10) {
    const ids = await host.startMany(10);
    const events = await host.events();
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
