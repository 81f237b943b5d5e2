import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { ApiClient } from '../../support/api-client';
import { untilAccepting } from '../../support/socket';
import type { BenchHost } from '../bench-host';
import { type Figure, atLeast, figureOf } from '../figure';

/** Events to one subscriber, each logged first: event-source.ts publishes, this program subscribes. */
export async function eventsFigure(host: BenchHost): Promise<Figure> {
  const count = host.options.quick ? 40_000 : 200_000;
  const values: number[] = [];
  for (let round = 0; round < (host.options.quick ? 3 : 5); round++) values.push(await oneRound(host, count));
  const what = `events per second to one subscriber, logged, ${String(count)} in a row`;
  return figureOf({ name: 'events', what, unit: '/s', targets: [atLeast(20_000)] }, [{ ours: values }]);
}

async function oneRound(host: BenchHost, count: number): Promise<number> {
  const directory = join(host.directory, host.name('events'));
  mkdirSync(directory);
  const errorFd = openSync(join(host.directory, 'events.log'), constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND);
  const program = resolve(__dirname, 'event-source.cjs');
  const source = host.reaper.spawn({ file: process.execPath, args: [program, directory, String(count)], stderr: errorFd });
  closeSync(errorFd);
  const socketPath = join(directory, 'events.sock');
  await untilAccepting(socketPath);
  const client = new ApiClient(socketPath);
  const stream = client.events();
  stream.on('error', () => undefined);
  await new Promise((opened) => stream.once('metadata', opened));
  const began = performance.now();
  await new Promise<void>((all) => {
    let seen = 0;
    stream.on('data', () => {
      seen += 1;
      if (seen === count) all();
    });
    source.kill(10);
  });
  const perSecond = (count * 1000) / (performance.now() - began);
  stream.cancel();
  client.close();
  source.kill(15);
  await source.exited;
  return perSecond;
}
