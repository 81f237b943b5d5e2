// What a package has of others: a Node, and the packages that are not in the bundles.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What runs of each package that stays outside of the bundles (build.mjs), and of what these need. */
const natives = {
  koffi: ['package.json', 'index.cjs', 'src/koffi/index.cjs', 'src/koffi/src/static.cjs', 'src/koffi/src/trampolines.cjs', 'LICENSE.txt'],
  'better-sqlite3': ['package.json', 'lib', 'build/Release/better_sqlite3.node', 'LICENSE'],
  bindings: ['package.json', 'bindings.js', 'LICENSE.md'],
  'file-uri-to-path': ['package.json', 'index.js', 'LICENSE'],
  re2js: ['package.json', 'build', 'LICENSE'],
};

/** Node from the npm registry, with the headers that natives are built against. @returns its directory, and npm's program of this machine */
export function installNode(version, place, arch) {
  const name = `node-linux-${arch}`;
  const npm = execFileSync('sh', ['-c', 'readlink -f "$(command -v npm)"']).toString().trim();
  // By itself npm installs no package for another processor.
  execFileSync('npm', ['install', '--prefix', join(place, 'node'), '--force', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${version}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  const home = join(place, 'node/node_modules', name);
  return { home, npm };
}

/** The packages of the lock file, without those for development, natives built for that Node and architecture. @returns their node_modules */
export function installPackages({ node: { home, npm }, place, arch, tools }) {
  const directory = join(place, 'packages');
  for (const file of ['package.json', 'package-lock.json']) cpSync(file, join(directory, file));
  // Without the path of the build in them, which is another each time.
  const sameBytes = `-ffile-prefix-map=${directory}=. -g0`;
  // koffi brings its binaries, and would build itself where it cannot load one: what is left to build is SQLite.
  const npmRuns = (...args) => execFileSync(process.execPath, [npm, ...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: directory,
    env: { ...process.env, ...tools.compilers, CFLAGS: sameBytes, CXXFLAGS: sameBytes, npm_config_build_from_source: 'true', npm_config_arch: arch },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  npmRuns('ci', '--omit=dev', '--ignore-scripts', `--cpu=${arch}`);
  npmRuns('rebuild', 'better-sqlite3', `--nodedir=${home}`);
  return join(directory, 'node_modules');
}

/** Those that stay outside of the bundles, each with what runs of it and with its licence. */
export function copyNatives({ packages, to, arch, strip }) {
  for (const [name, files] of Object.entries(natives)) {
    for (const file of files) cpSync(join(packages, name, file), join(to, name, file), { recursive: true });
  }
  const binaries = `@koromix/koffi-linux-${arch}`;
  cpSync(join(packages, binaries), join(to, binaries), { recursive: true });
  // For another C library than the Node has that goes with it.
  for (const name of readdirSync(join(to, binaries))) if (name.startsWith('musl_')) rmSync(join(to, binaries, name), { recursive: true });
  execFileSync(strip, ['--strip-unneeded', join(to, 'better-sqlite3/build/Release/better_sqlite3.node')]);
}

/** Directories of all packages below a node_modules, sorted by name. */
export function packageDirectories(packages) {
  const names = readdirSync(packages).filter((name) => !name.startsWith('.'));
  return names
    .flatMap((name) => (name.startsWith('@') ? readdirSync(join(packages, name)).map((one) => join(name, one)) : [name]))
    .map((name) => join(packages, name))
    .filter((directory) => existsSync(join(directory, 'package.json')))
    .sort();
}

export function nameAndVersion(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  return { name, version, license, parent: dirname(directory) };
}
