// Bundles the swarm to watch into bench/out/swarm.cjs, which scripts/swarm runs.
import { build } from 'esbuild';

await build({
  entryPoints: ['test/real/swarm/main.ts'],
  outfile: 'bench/out/swarm.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['koffi', 'better-sqlite3'],
  legalComments: 'none',
  logLevel: 'warning',
});
