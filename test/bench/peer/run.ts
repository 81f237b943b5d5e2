import { join } from 'node:path';

import { type Figure, type Round, atMost, figureOf } from '../figure';
import type { BenchOptions } from '../options';
import { machineLine, tableOf } from '../report/table';
import { lineOf, write } from '../report/write';
import { textOf } from '../text-of';
import { endFigures, execFigures, manyFigures, pauseFigure, startFigures } from './figures';
import { importFigures, pullFigures, runImageFigure, snapshotsFigure } from './images';
import { PeerHost } from './peer-host';

/** In the order of the run. */
export const peerMeasures: Readonly<Record<string, (host: PeerHost) => Promise<Figure | Figure[]>>> = {
  create: startFigures,
  end: endFigures,
  exec: execFigures,
  pause: pauseFigure,
  many: manyFigures,
  import: importFigures,
  pull: pullFigures,
  'run-image': runImageFigure,
  snapshots: snapshotsFigure,
  docker: dockerFigure,
};

/** Ours beside Debian's containerd, by the API that both serve, and the same client. */
export async function runPeer(options: BenchOptions): Promise<void> {
  const host = new PeerHost(options);
  const figures: Figure[] = [];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void host.close().finally(() => process.exit(1)));
  try {
    const machine = await host.describe();
    process.stdout.write(`${machineLine(machine)}\n`);
    await host.start();
    for (const [name, take] of Object.entries(peerMeasures)) {
      if (options.only.length > 0 && !options.only.includes(name)) continue;
      const taken = [await take(host)].flat();
      figures.push(...taken);
      for (const figure of taken) process.stdout.write(`${lineOf(figure)}\n`);
    }
    write(options, 'peer.json', JSON.stringify({ machine, options, figures }, undefined, 2));
    const table = `${machineLine(machine)}\n\n${tableOf(figures, 'containerd')}\n`;
    write(options, 'peer.md', table);
    process.stdout.write(`\n${table}`);
  } finally {
    await host.close();
  }
}

/** What a user waits for. Docker's own work is most of it. */
async function dockerFigure({ options, reaper, directory }: PeerHost): Promise<Figure> {
  const said = await textOf(reaper, directory, process.execPath, [join(__dirname, 'docker-run.cjs'), String(options.rounds), String(options.perRound)]);
  const head = { name: 'docker', what: '`docker run --rm busybox true`, dockerd 20.10', unit: 'ms', targets: [atMost(0.9, 'ratio')] };
  return figureOf(head, JSON.parse(said) as Round[]);
}
