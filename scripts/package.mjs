// Builds what is installed on a host: dist/holdfast-<version>-linux-<arch>.tar.gz, dist/holdfast_<version>_<arch>.deb and dist/holdfast-<version>.tgz, for
// npm. The first two stand alone: they bring the Node that package.json names, its natives built for it. The same commit gives the same bytes.
// For another architecture than this machine's it needs Debian's compiler for that (g++-aarch64-linux-gnu); nothing of that architecture is run.
//   node scripts/package.mjs [--out dist] [--arch arm64]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeDeb } from './package/deb.mjs';
import { writeLicences } from './package/licences.mjs';
import { copyNatives, installNode, installPackages } from './package/parts.mjs';
import { toolsFor } from './package/tools.mjs';

const debianNames = { x64: 'amd64', arm64: 'arm64' };

const { values: options } = parseArgs({ options: { out: { type: 'string', default: 'dist' }, arch: { type: 'string', default: process.arch } } });
const { arch } = options;
if (!(arch in debianNames)) throw new Error(`--arch is one of ${Object.keys(debianNames).join(', ')}`);
const tools = toolsFor(arch);
const out = resolve(options.out);
const { version, holdfast } = JSON.parse(readFileSync('package.json', 'utf8'));
const place = mkdtempSync(join(tmpdir(), 'holdfast-package-'));
const run = (program, args, more = {}) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...more });
/** Of every file in the packages: that of the commit, so that the time of building does not show. */
const epoch = run('git', ['log', '-1', '--format=%ct']).toString().trim();

try {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const node = installNode(holdfast.node, place, arch);
  const packages = installPackages({ node, place, arch, tools });

  // The tree of the tarball; in the .deb it is /usr/lib/holdfast.
  const name = `holdfast-${version}-linux-${arch}`;
  const tree = join(place, name);
  run(process.execPath, ['build.mjs', '--release', '--own-node', '--without-cache', '--out', join(tree, 'bin')]);
  mkdirSync(join(tree, 'node/bin'), { recursive: true });
  cpSync(join(node.home, 'bin/node'), join(tree, 'node/bin/node'));
  run(tools.strip, ['--strip-unneeded', join(tree, 'node/bin/node')]);
  copyNatives({ packages, to: join(tree, 'node_modules'), arch, strip: tools.strip });
  cpSync('scripts/code-cache.mjs', join(tree, 'code-cache.mjs'));
  writeLicences({ packages, nodeHome: node.home, file: join(tree, 'LICENCES') });
  for (const directory of ['docs', 'packaging']) cpSync(directory, join(tree, directory), { recursive: true });
  for (const file of ['README.md', 'LICENSE']) cpSync(file, join(tree, file));
  mkdirSync(join(tree, 'packaging/completions'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    writeFileSync(join(tree, 'packaging/completions', shell), run(process.execPath, [join(tree, 'bin/holdfastctl'), 'completion', shell]));
  }
  run('chmod', ['-R', 'u=rwX,go=rX', tree]);

  const sorted = ['--sort=name', `--mtime=@${epoch}`, '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];
  run('tar', [...sorted, '--use-compress-program=gzip -n -6', '--create', '--file', join(out, `${name}.tar.gz`), '--directory', place, name]);
  makeDeb({ tree, version, architecture: debianNames[arch], epoch, place, out });
  run('npm', ['pack', '--pack-destination', out, '--loglevel=error'], { env: { ...process.env, SOURCE_DATE_EPOCH: epoch } });
  for (const file of readdirSync(out).sort()) process.stdout.write(`${join(options.out, file)}\n`);
} finally {
  rmSync(place, { recursive: true, force: true });
}
