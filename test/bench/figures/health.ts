import { HealthService } from '../../../src/api/gen/health';
import type { BenchHost } from '../bench-host';
import { type Figure, atMost, figureOf, timed } from '../figure';

const intervalMs = 5;

/** Health checks while 100 containers are started by as many clients: what dockerd asks every 500 ms. */
export async function healthFigure(host: BenchHost): Promise<Figure> {
  const head = {
    name: 'health',
    what: 'health check while 100 containers start',
    unit: 'ms',
    targets: [atMost(50, 'p99')],
  };
  const values: number[] = [];
  for (let round = 0; round < (host.options.quick ? 1 : 3); round++) {
    const ids = Array.from({ length: 100 }, () => host.name());
    const bundles = ids.map((id) => host.bundle(id));
    const starting = { goesOn: true };
    const starts = Promise.all(
      ids.map((id, index) => host.client.create({ id, bundlePath: bundles[index] ?? '' }, { deadlineMs: 120_000 })),
    ).finally(() => (starting.goesOn = false));
    const checks = checkWhile(host, starting, values);
    await Promise.all([starts, checks]);
    await host.endMany(ids);
  }
  return figureOf(head, [{ ours: values }]);
}

async function checkWhile(host: BenchHost, starting: { readonly goesOn: boolean }, values: number[]): Promise<void> {
  while (starting.goesOn) {
    values.push(await timed(() => host.ask(HealthService.check, { service: '' })));
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
