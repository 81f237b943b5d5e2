// Bundles the three programs into dist/ and leaves the executables in bin/.
// Native packages stay outside of the bundles: Node finds them in node_modules,
// starting from the real path of the program, so a symlink from elsewhere works.
import { build } from 'esbuild';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';

const programs = {
  holdfastd: 'src/daemon/main.ts',
  'holdfast-shim': 'src/shim/main.ts',
  holdfastctl: 'src/ctl/main.ts',
};
/**
 * The programs that stay are given small semi-spaces, as the daemon gives its shim: by itself V8 lets each process have 32 MB of young garbage.
 * Both a shell script and JavaScript, where the second line is a string and a comment: not every env(1) can pass flags on.
 */
const runWithFlags = `#!/bin/sh\n':' //; exec node --max-semi-space-size=2 "$0" "$@"`;
const runPlainly = '#!/usr/bin/env node';
const aliases = { 'docker-containerd': 'holdfastd', 'docker-containerd-shim': 'holdfast-shim' };

mkdirSync('bin', { recursive: true });
for (const [name, entry] of Object.entries(programs)) {
  if (!existsSync(entry)) continue;
  await build({
    entryPoints: [entry],
    outfile: `bin/${name}`,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['koffi', 'better-sqlite3'],
    banner: { js: name === 'holdfastctl' ? runPlainly : runWithFlags },
    legalComments: 'none',
    logLevel: 'warning',
  });
  chmodSync(`bin/${name}`, 0o755);
}
// Not symlinks: a package of the registry holds none.
for (const [alias, name] of Object.entries(aliases)) {
  rmSync(`bin/${alias}`, { force: true });
  writeFileSync(`bin/${alias}`, `${runWithFlags}\nrequire('./${name}');\n`, { mode: 0o755 });
}
