// Bundles the three programs and a thread of the daemon, and leaves the executables in bin/, or in the directory that --out names.
// With --release they are what is packaged: without the points where tests make them fail (src/sys/fault.ts).
// Native packages stay outside of the bundles: Node finds them in node_modules,
// starting from the real path of the program, so a symlink from elsewhere works.
import { build } from 'esbuild';
import { parseArgs } from 'node:util';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';

const programs = {
  holdfastd: 'src/daemon/main.ts',
  'holdfast-shim': 'src/shim/main.ts',
  holdfastctl: 'src/ctl/main.ts',
  // No program of its own: a thread of the daemon.
  'holdfast-records': 'src/records/thread/main.ts',
};
/**
 * The programs that stay are given small semi-spaces, as the daemon gives its shim: by itself V8 lets each process have 32 MB of young garbage.
 * Both a shell script and JavaScript, where the second line is a string and a comment: not every env(1) can pass flags on.
 */
const runWithFlags = `#!/bin/sh\n':' //; exec node --max-semi-space-size=2 "$0" "$@"`;
const runPlainly = '#!/usr/bin/env node';
const banners = { holdfastctl: runPlainly, 'holdfast-records': '' };
const aliases = { containerd: 'holdfastd', 'docker-containerd': 'holdfastd', 'docker-containerd-shim': 'holdfast-shim', 'docker-containerd-ctr': 'holdfastctl' };

const { values: options } = parseArgs({ options: { release: { type: 'boolean', default: false }, out: { type: 'string', default: 'bin' } } });
const directory = options.out;

mkdirSync(directory, { recursive: true });
for (const [name, entry] of Object.entries(programs)) {
  if (!existsSync(entry)) continue;
  await build({
    entryPoints: [entry],
    outfile: `${directory}/${name}`,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['koffi', 'better-sqlite3', 're2js'],
    banner: { js: banners[name] ?? runWithFlags },
    define: options.release ? { WITHOUT_FAULT_POINTS: 'true' } : {},
    // Takes the calls of a function away that does nothing.
    minifySyntax: options.release,
    legalComments: 'none',
    logLevel: 'warning',
  });
  chmodSync(`${directory}/${name}`, name === 'holdfast-records' ? 0o644 : 0o755);
}
// Not symlinks: a package of the registry holds none.
for (const [alias, name] of Object.entries(aliases)) {
  rmSync(`${directory}/${alias}`, { force: true });
  writeFileSync(`${directory}/${alias}`, `${name === 'holdfastctl' ? runPlainly : runWithFlags}\nrequire('./${name}');\n`, { mode: 0o755 });
}
