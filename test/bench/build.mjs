// Bundles the benchmark, the program whose events it counts, and the one that has docker at work, into bench/out/.
import { basename } from 'node:path';

import { build } from 'esbuild';

for (const name of ['main', 'event-source', 'peer/docker-run']) {
  await build({
    entryPoints: [`test/bench/${name}.ts`],
    outfile: `bench/out/${basename(name)}.cjs`,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['koffi', 'better-sqlite3'],
    legalComments: 'none',
    logLevel: 'warning',
  });
}
