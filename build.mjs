// Bundles the three programs and a thread of the daemon, and leaves the executables in bin/, or in the directory that --out names.
// With --release they are what is packaged: without the points where tests make them fail (src/sys/fault.ts).
// Native packages stay outside of the bundles: Node finds them in node_modules,
// starting from the real path of the program, so a symlink from elsewhere works.
import { build } from 'esbuild';
import { parseArgs } from 'node:util';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const programs = {
  holdfastd: 'src/daemon/main.ts',
  'holdfast-shim': 'src/shim/main.ts',
  holdfastctl: 'src/ctl/launch.ts',
  // No programs of their own: what the one before runs, and a thread of the daemon.
  'holdfastctl.js': 'src/ctl/main.ts',
  'holdfast-records': 'src/records/thread/main.ts',
};
/**
 * The programs that stay are given small semi-spaces, as the daemon gives its shim: by itself V8 lets each process have 32 MB of young garbage.
 * Both a shell script and JavaScript, where the second line is a string and a comment: not every env(1) can pass flags on.
 */
const runWithFlags = `#!/bin/sh\n':' //; exec node --max-semi-space-size=2 "$0" "$@"`;
const runPlainly = '#!/usr/bin/env node';
const banners = { holdfastctl: runPlainly, 'holdfastctl.js': '(function (require) {', 'holdfast-records': '' };
const footers = { 'holdfastctl.js': '})' };
const notExecutable = new Set(['holdfastctl.js', 'holdfast-records']);
const aliases = { containerd: 'holdfastd', 'docker-containerd': 'holdfastd', 'docker-containerd-shim': 'holdfast-shim', 'docker-containerd-ctr': 'holdfastctl' };

/** holdfastctl has a client of its own (src/ctl/grpc): the generated ones, which nobody uses there, would bring all of grpc-js in. */
const withoutGeneratedClients = {
  name: 'without-generated-clients',
  setup(context) {
    context.onLoad({ filter: /\/src\/api\/gen\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('= makeGenericClientConstructor(', '= /* @__PURE__ */ makeGenericClientConstructor('),
      loader: 'ts',
    }));
    context.onResolve({ filter: /^@grpc\/grpc-js$/ }, () => ({ path: '@grpc/grpc-js', external: true, sideEffects: false }));
  },
};

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
    footer: { js: footers[name] ?? '' },
    plugins: name === 'holdfastctl.js' ? [withoutGeneratedClients] : [],
    define: options.release ? { WITHOUT_FAULT_POINTS: 'true' } : {},
    // What vm.Script runs has no import() of its own.
    supported: name === 'holdfastctl.js' ? { 'dynamic-import': false } : {},
    // The less there is to read, the sooner it runs.
    minifyWhitespace: name === 'holdfastctl.js',
    // Takes the calls of a function away that does nothing.
    minifySyntax: options.release,
    legalComments: 'none',
    logLevel: 'warning',
  });
  chmodSync(`${directory}/${name}`, notExecutable.has(name) ? 0o644 : 0o755);
}
execFileSync(process.execPath, ['scripts/code-cache.mjs', directory], { stdio: ['ignore', 'ignore', 'inherit'] });
// Not symlinks: a package of the registry holds none.
for (const [alias, name] of Object.entries(aliases)) {
  rmSync(`${directory}/${alias}`, { force: true });
  writeFileSync(`${directory}/${alias}`, `${name === 'holdfastctl' ? runPlainly : runWithFlags}\nrequire('./${name}');\n`, { mode: 0o755 });
}
