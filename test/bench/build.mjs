// Bundles the benchmark, and the program whose events it counts, into bench/out/.
import { build } from 'esbuild';

for (const name of ['main', 'event-source']) {
  await build({
    entryPoints: [`test/bench/${name}.ts`],
    outfile: `bench/out/${name}.cjs`,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['koffi', 'better-sqlite3'],
    legalComments: 'none',
    logLevel: 'warning',
  });
}
