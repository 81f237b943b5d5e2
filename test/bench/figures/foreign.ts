import { closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { programVersionAtOnce } from '../../../src/runtime/foreign/programs';
import { readAtOnce } from '../../../src/runtime/foreign/read-at-once';
import { closeStdio, openStdioAtOnce } from '../../../src/runtime/foreign/stdio';
import { resolveRuntime } from '../../../src/runtime/oci/runtime-program';
import { mkfifo } from '../../../src/sys/files/files';
import type { BenchHost } from '../bench-host';
import { type Figure, atMost, figureOf, repeat } from '../figure';

const COUNT = 500;
const MOST_BYTES = 16 << 20;
/** How often a start looks for its runtime, and who opens its FIFOs: daemon and shim. */
const LOOKS = 3;
const HOLDERS = 2;

/**
 * What a start touches of its client's, its bundle, runtime and three FIFOs, in the ways that cannot hang (the quick
 * case: all is in the kernel's caches), beyond what calls that may hang take. Processor time, which other work on the machine is no part of.
 */
export async function foreignFigure(host: BenchHost): Promise<Figure> {
  const id = host.name();
  const config = join(host.bundle(id), 'config.json');
  const runtime = resolveRuntime(host.options.runtime, new Map());
  const fifos = ['stdin', 'stdout', 'stderr'].map((name) => join(host.directory, `foreign.${name}`));
  for (const path of fifos) mkfifo(path, 0o600);

  const ours = (): void => {
    if (readAtOnce(config, { mostBytes: MOST_BYTES }) === undefined) throw new Error(`${config} is in no cache`);
    for (let look = 0; look < LOOKS; look += 1) if (programVersionAtOnce(runtime) === undefined) throw new Error(`${runtime} is in no cache`);
    for (const path of times(HOLDERS, fifos)) {
      const opened = openStdioAtOnce({ path, direction: 'output', ifAbsent: 'makeFifo', end: 'none' });
      if (opened === undefined) throw new Error(`${path} is in no cache`);
      closeStdio(opened);
    }
  };
  const plain = (): void => {
    readFileSync(config);
    for (let look = 0; look < LOOKS; look += 1) statSync(runtime, { bigint: true });
    for (const path of times(HOLDERS, fifos)) closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
  };
  for (const warm of [ours, plain]) each(warm);
  const head = { name: 'foreign', what: 'CPU of a start for never waiting at its client’s files, beyond plain calls', unit: 'ms', targets: [atMost(0.2)] };
  const more = await repeat(host.options.rounds, () => Promise.resolve(each(ours) - each(plain)));
  host.removeBundle(id);
  return figureOf(head, [{ ours: more }]);
}

function times<T>(count: number, items: readonly T[]): T[] {
  return Array.from({ length: count }, () => items).flat();
}

/** The milliseconds of processor time that one takes, in the mean. */
function each(run: () => void): number {
  const began = process.cpuUsage();
  for (let index = 0; index < COUNT; index += 1) run();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000 / COUNT;
}
