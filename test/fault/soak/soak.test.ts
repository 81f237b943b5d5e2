import { describeOnHost, realContainers } from '../../support/requires';
import { soak } from './soak';

/** `make soak` sets both; without them it is short, and the same each time. */
const seconds = Number(process.env['SOAK_SECONDS'] ?? '20');
const seed = Number(process.env['SOAK_SEED'] ?? '1');

describeOnHost('random load under random SIGKILLs', realContainers, () => {
  test(`loses, doubles and harms nothing (${String(seconds)} s, seed ${String(seed)})`, async () => {
    const figures = await soak(seconds, seed);
    process.stderr.write(`soak: seed ${String(seed)}, ${JSON.stringify(figures)}\n`);
    expect(figures.daemonKills).toBeGreaterThan(0);
    expect(figures.starts).toBeGreaterThan(0);
    expect(figures.tasks).toBeGreaterThan(0);
  }, (seconds + 120) * 1000);
});
