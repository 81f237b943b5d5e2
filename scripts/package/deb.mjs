import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Where each file of the tree lies on a host; what is not named stays below /usr/lib/holdfast. */
const places = {
  'packaging/holdfast.service': 'usr/lib/systemd/system/holdfast.service',
  'packaging/holdfast.socket': 'usr/lib/systemd/system/holdfast.socket',
  'packaging/config.toml': 'etc/holdfast/config.toml',
  'packaging/completions/bash': 'usr/share/bash-completion/completions/holdfastctl',
  'packaging/completions/zsh': 'usr/share/zsh/vendor-completions/_holdfastctl',
  'packaging/completions/fish': 'usr/share/fish/vendor_completions.d/holdfastctl.fish',
  LICENCES: 'usr/share/doc/holdfast/copyright',
  docs: 'usr/share/doc/holdfast/docs',
  'README.md': 'usr/share/doc/holdfast/README.md',
};
const scripts = ['postinst', 'prerm', 'postrm'];

const control = (version, architecture, sizeKib) => `Package: holdfast
Version: ${version}
Architecture: ${architecture}
Maintainer: Holdfast <holdfast@localhost>
Installed-Size: ${sizeKib}
Depends: libc6 (>= 2.28), libstdc++6
Recommends: runc | crun
Suggests: docker.io, containernetworking-plugins
Section: admin
Priority: optional
Description: container supervisor whose own death is a non-event
 Holdfast supervises containers and programs of a host: in containerd's place behind Docker, for ctr, by files as
 supervisord does, and from its own command line. Whatever of it is killed, nothing that runs is harmed, lost or started twice.
`;

/** @param options.tree what the tarball has @param options.epoch of all files, in seconds */
export function makeDeb({ tree, version, architecture, epoch, place, out }) {
  const root = join(place, 'deb');
  const put = (from, to) => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(from, join(root, to), { recursive: true });
  };
  for (const part of ['bin', 'node', 'node_modules', 'code-cache.mjs']) put(join(tree, part), join('usr/lib/holdfast', part));
  for (const [part, to] of Object.entries(places)) put(join(tree, part), to);
  for (const unit of ['containerd.service', 'docker.service.d']) put(join(tree, 'packaging', unit), join('usr/share/doc/holdfast/examples', unit));
  const manual = join(root, 'usr/share/man/man1/holdfastctl.1.gz');
  mkdirSync(dirname(manual), { recursive: true });
  writeFileSync(manual, gzipSync(readFileSync(join(tree, 'packaging/holdfastctl.1')), { level: 9 }));
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  // The other names would take those of Debian's containerd and Docker: who wants them links to /usr/lib/holdfast/bin.
  for (const program of ['holdfastd', 'holdfast-shim', 'holdfastctl']) symlinkSync(`../lib/holdfast/bin/${program}`, join(root, 'usr/bin', program));
  mkdirSync(join(root, 'etc/holdfast/programs'), { recursive: true });

  const run = (program, args) => execFileSync(program, args, { env: { ...process.env, SOURCE_DATE_EPOCH: epoch }, stdio: ['ignore', 'pipe', 'inherit'] });
  const sizeKib = run('du', ['-sk', '--apparent-size', root]).toString().split('\t')[0];
  mkdirSync(join(root, 'DEBIAN'));
  writeFileSync(join(root, 'DEBIAN/control'), control(version, architecture, sizeKib));
  writeFileSync(join(root, 'DEBIAN/conffiles'), '/etc/holdfast/config.toml\n');
  for (const script of scripts) {
    cpSync(join('scripts/package', script), join(root, 'DEBIAN', script));
    chmodSync(join(root, 'DEBIAN', script), 0o755);
  }
  // SOURCE_DATE_EPOCH only cuts off what is newer (dpkg-deb(1)).
  run('find', [root, '-exec', 'touch', '--no-dereference', `--date=@${epoch}`, '{}', '+']);
  run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z6', '--build', root, join(out, `holdfast_${version}_${architecture}.deb`)]);
}
