// Bundles the three programs, two more that the daemon starts for layers of images and the runtime for networks of containers, and threads of the daemon, and leaves the executables in bin/, or in the directory that --out names.
// With --release they are what is packaged: without the points where tests make them fail (src/sys/fault.ts). With --own-node they
// are run by the Node that lies beside their directory, as ../node/bin/node, and not by the one of PATH. With --without-cache
// V8's code caches are not made, which have other bytes each time: the .deb makes them where it is installed.
// Native packages stay outside of the bundles: Node finds them in node_modules,
// starting from the real path of the program, so a symlink from elsewhere works.
import { build } from 'esbuild';
import { parseArgs } from 'node:util';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const programs = {
  holdfastd: 'src/daemon/main.ts',
  'holdfast-shim': 'src/shim/main.ts',
  holdfastctl: 'src/ctl/launch.ts',
  'holdfast-layers': 'src/images/diff/process/main.ts',
  'holdfast-network': 'src/programs/network/hook/main.ts',
  // No programs of their own: what two of those run (src/sys/compiled-program.ts), and threads of the daemon.
  'holdfastd.js': 'src/daemon/holdfastd.ts',
  'holdfastctl.js': 'src/ctl/main.ts',
  'holdfastctl-names.js': 'src/ctl/names-main.ts',
  'holdfast-records': 'src/records/thread/main.ts',
  'holdfast-images': 'src/images/files/thread/main.ts',
};
const { values: options } = parseArgs({
  options: { release: { type: 'boolean', default: false }, 'own-node': { type: 'boolean', default: false }, 'without-cache': { type: 'boolean', default: false }, out: { type: 'string', default: 'bin' } },
});
const directory = options.out;
/** Both a shell script and JavaScript, where the second line is a string and a comment: not every env(1) can pass flags on. */
const runWith = (flags, variables = '') => {
  const [before, node] = options['own-node'] ? ['self=$(readlink -f "$0"); ', '"${self%/*}/../node/bin/node"'] : ['', 'node'];
  return `#!/bin/sh\n':' //; ${before}${variables}exec ${node} ${flags}"$0" "$@"`;
};
/** By itself V8 lets each process have 32 MB of young garbage; the shim makes little. It and what it starts are given the same by the daemon (src/runtime/shim-command.ts). */
const youngSpace = { daemon: '--max-semi-space-size=2', shim: '--max-semi-space-size=1' };
/** Node gives V8 four threads, which wake each other for little. */
const fewThreads = '--v8-pool-size=1';
/**
 * V8 has Maglev compile what has run four hundred times, and not sooner than five hundred after its last surprise. Here nearly all runs once for a start or an exec, which come by the dozen. The shim's, too;
 * Node 20, whose Maglev is off, knows these flags as well.
 */
const soonCompiled = '--invocation-count-for-maglev=100 --minimum-invocations-after-ic-update=100';
/**
 * Garbage is collected once a program is idle, by the program itself (src/sys/garbage.ts). V8's own way to that begins only after a collection, seconds later, and goes on in small steps:
 * sixty wake-ups of a process that has nothing to do.
 */
const ownIdleTime = '--no-memory-reducer';
/**
 * By itself V8 collects the old generation for the first time at some hundred MB, or minutes after the last work; the daemon lives from 10 to 20. So it begins
 * with 16, and goes on with half as much again as is in use (8 MB more at the least).
 */
const smallOldSpace = '--initial-old-space-size=16 --heap-growing-percent=50';
/**
 * Node 20 reads the certificates of NODE_EXTRA_CA_CERTS at its start, which takes longer than all else that a quick verb does (40 ms). Nothing of holdfastctl's speaks TLS;
 * src/ctl/launch.ts gives the variable back, for programs that are started.
 */
const withoutCertificates = 'HOLDFAST_NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS" NODE_EXTRA_CA_CERTS= ';
const runPlainly = options['own-node'] ? runWith('') : '#!/usr/bin/env node';
const banners = {
  holdfastd: runWith(`${youngSpace.daemon} ${fewThreads} ${soonCompiled} ${ownIdleTime} ${smallOldSpace} `),
  'holdfast-shim': runWith(`${youngSpace.shim} ${fewThreads} ${soonCompiled} ${ownIdleTime} `),
  holdfastctl: runWith('', withoutCertificates),
  'holdfast-layers': runPlainly,
  'holdfast-network': runPlainly,
};
const run = new Set(['holdfastd.js', 'holdfastctl.js', 'holdfastctl-names.js']);
/** Those that people wait for. */
const quick = new Set(['holdfastctl.js', 'holdfastctl-names.js']);
const aliases = { containerd: 'holdfastd', 'docker-containerd': 'holdfastd', 'docker-containerd-shim': 'holdfast-shim', 'docker-containerd-ctr': 'holdfastctl' };

/** Nobody calls the clients that are generated beside each service: holdfastctl has its own (src/ctl/grpc), and the daemon calls nobody. They would bring half of grpc-js in, or all of it. */
const withoutGeneratedClients = (context) => {
  context.onLoad({ filter: /\/src\/api\/gen\/.*\.ts$/ }, ({ path }) => ({
    contents: readFileSync(path, 'utf8').replaceAll('= makeGenericClientConstructor(', '= /* @__PURE__ */ makeGenericClientConstructor('),
    loader: 'ts',
  }));
};
const withoutGrpc = {
  name: 'without-grpc',
  setup(context) {
    withoutGeneratedClients(context);
    context.onResolve({ filter: /^@grpc\/grpc-js$/ }, () => ({ path: '@grpc/grpc-js', external: true, sideEffects: false }));
  },
};

/**
 * The half of grpc-js that serves: a seventh of what the daemon has to load otherwise. Its services of its own, for channelz and for the load of a server (ORCA), make themselves of a client when
 * they are asked for, and nobody asks here.
 */
const servingHalfOfGrpc = {
  name: 'serving-half-of-grpc',
  setup(context) {
    withoutGeneratedClients(context);
    const parts = { Server: 'server', ServerCredentials: 'server-credentials', Metadata: 'metadata', 'Status as status': 'constants' };
    context.onResolve({ filter: /^@grpc\/grpc-js$/ }, () => ({ path: 'grpc', namespace: 'serving-half', sideEffects: false }));
    context.onLoad({ filter: /.*/, namespace: 'serving-half' }, () => ({
      contents: [...Object.entries(parts).map(([what, file]) => `export { ${what} } from '@grpc/grpc-js/build/src/${file}';`), 'export const makeGenericClientConstructor = undefined;'].join('\n'),
      resolveDir: import.meta.dirname,
    }));
    context.onResolve({ filter: /^\.\/make-client$/ }, ({ importer }) => (importer.includes('/node_modules/@grpc/grpc-js/') ? { path: 'make-client', namespace: 'no-client' } : undefined));
    context.onLoad({ filter: /.*/, namespace: 'no-client' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** Commander would start verbs that are programs of their own, of which there are none; what it would do so with takes a tenth of a quick verb to load. */
const withoutProgramsOfCommander = {
  name: 'without-programs-of-commander',
  setup(context) {
    context.onResolve({ filter: /^node:child_process$/ }, ({ importer }) => (importer.includes('/node_modules/commander/') ? { path: 'child_process', namespace: 'none' } : undefined));
    context.onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'module.exports = {};' }));
  },
};

mkdirSync(directory, { recursive: true });
for (const [name, entry] of Object.entries(programs)) {
  if (!existsSync(entry)) continue;
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile: `${directory}/${name}`,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // The last is a dependency of grpc-js that it loads for its channelz service, which nobody asks for here.
    external: ['koffi', 'better-sqlite3', 're2js', '@grpc/proto-loader'],
    banner: { js: run.has(name) ? '(function (require, module) {' : (banners[name] ?? '') },
    footer: { js: run.has(name) ? '})' : '' },
    plugins: quick.has(name) ? [withoutGrpc, withoutProgramsOfCommander] : [servingHalfOfGrpc],
    define: options.release ? { WITHOUT_FAULT_POINTS: 'true' } : {},
    // What vm.Script runs has no import() of its own.
    supported: run.has(name) ? { 'dynamic-import': false } : {},
    // The less there is to read, the sooner it runs. Lines are cut for whoever reads a stack.
    minifyWhitespace: run.has(name),
    ...(run.has(name) ? { lineLimit: 160 } : {}),
    // Takes the calls of a function away that does nothing.
    minifySyntax: options.release,
    legalComments: 'none',
    logLevel: 'warning',
    write: false,
  });
  // What is not ASCII by now is in comments of packages; for a single such letter V8 would keep the whole source with two bytes for each.
  const text = outputFiles[0].text.replace(/[^\0-\x7f]/gu, '?');
  const digest = createHash('sha256').update(text).digest('hex');
  writeFileSync(`${directory}/${name}`, run.has(name) ? `//${digest}\n${text}` : text);
  chmodSync(`${directory}/${name}`, name in banners ? 0o755 : 0o644);
}
for (const name of run) rmSync(`${directory}/${name.replace(/\.js$/, '.cache')}`, { force: true });
if (!options['without-cache']) execFileSync(process.execPath, ['scripts/code-cache.mjs', directory], { stdio: ['ignore', 'ignore', 'inherit'] });
// Not symlinks: a package of the registry holds none.
for (const [alias, name] of Object.entries(aliases)) {
  rmSync(`${directory}/${alias}`, { force: true });
  writeFileSync(`${directory}/${alias}`, `${banners[name]}\nrequire('./${name}');\n`, { mode: 0o755 });
}
