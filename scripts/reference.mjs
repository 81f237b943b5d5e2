// Writes docs/cli.md and packaging/holdfastctl.1, which are made of holdfastctl's table of commands.
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

// Beside node_modules: native packages are found from there.
const directory = mkdtempSync('.reference-');
try {
  const outfile = join(directory, 'reference.cjs');
  await build({ entryPoints: ['src/ctl/reference-main.ts'], outfile, bundle: true, platform: 'node', format: 'cjs', external: ['koffi', 'better-sqlite3', 're2js'], logLevel: 'warning' });
  execFileSync(process.execPath, [outfile, 'docs', 'packaging'], { stdio: 'inherit' });
} finally {
  rmSync(directory, { recursive: true });
}
