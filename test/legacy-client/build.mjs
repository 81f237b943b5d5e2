// Bundles the legacy client into bin/legacy-client, a program to be run by hand.
import { build } from 'esbuild';
import { chmodSync } from 'node:fs';

await build({
  entryPoints: ['test/legacy-client/main.ts'],
  outfile: 'bin/legacy-client',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['koffi', 'better-sqlite3'],
  banner: { js: '#!/usr/bin/env node' },
  legalComments: 'none',
  logLevel: 'warning',
});
chmodSync('bin/legacy-client', 0o755);
