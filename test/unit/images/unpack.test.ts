import { execFileSync } from 'node:child_process';
import { type Stats, chmodSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type LayerLimits, defaultLimits } from '../../../src/images/diff/apply/limits';
import type { Mode } from '../../../src/images/diff/apply/unpacker';
import { type Applied, applyLayer } from '../../../src/images/diff/process/apply';
import { RootedDirectory } from '../../../src/sys/files/rooted-directory';
import { fc } from '../../support/property';
import { describeOnHost } from '../../support/requires';
import { type TestEntry, tarOf } from '../../support/tars';

const runs = Number(process.env['HOLDFAST_FUZZED_LAYERS'] ?? '400');

describeOnHost('unpacking', ['root'], () => {
  let place: string;
  let root: string;

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'hf-unpack-'));
    root = join(place, 'root');
    mkdirSync(root);
    mkdirSync(join(place, 'outside'));
    writeFileSync(join(place, 'outside', 'file'), 'untouched');
    writeFileSync(join(place, 'file'), 'untouched');
  });

  afterEach(() => { rmSync(place, { recursive: true, force: true }); });

  const unpack = async (archive: Buffer, { mode = 'plain', limits = defaultLimits, lower = [] }: { mode?: Mode; limits?: LayerLimits; lower?: readonly string[] } = {}): Promise<Applied> => {
    const target = { root: RootedDirectory.open(root), mode, lower: lower.map((path) => RootedDirectory.open(path)) };
    try {
      return await applyLayer(Readable.from([archive]), target, limits, true);
    } finally {
      for (const directory of [target.root, ...target.lower]) directory.close();
    }
  };
  const layer = (...entries: readonly TestEntry[]): Promise<Applied> => unpack(tarOf(entries));
  const at = (path: string): string => join(root, path);
  const text = (path: string): string => readFileSync(at(path), 'utf8');
  const stat = (path: string): Stats => lstatSync(at(path));
  /** All that is beside the root, and how it is. */
  const outside = (): string => describeTree(place, 'root');

  test('files, links, devices, owners, permissions and times are as the layer says', async () => {
    await layer(
      { path: './' }, { path: 'd/', mode: 0o1777, modifiedSeconds: 981_173_106 }, { path: 'd/f', content: 'hello', uid: 1000, gid: 1001, mode: 0o4755 },
      { path: 'd/hard', kind: 'link', linkPath: 'd/f' }, { path: 'd/sym', kind: 'symlink', linkPath: '/etc/passwd' }, { path: 'd/fifo', kind: 'fifo' },
      { path: 'd/null', kind: 'character', major: 1, minor: 3, mode: 0o666 }, { path: 'caps', content: 'x', attributes: new Map([['security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex')]]) },
    );
    expect([text('d/f'), stat('d/f').mode & 0o7777, stat('d/f').uid, stat('d/f').gid, stat('d/f').nlink]).toEqual(['hello', 0o4755, 1000, 1001, 2]);
    expect([stat('d').mode & 0o7777, stat('d').mtimeMs]).toEqual([0o1777, 981_173_106_000]);
    expect([readlinkSync(at('d/sym')), stat('d/fifo').isFIFO(), stat('d/null').isCharacterDevice(), stat('d/null').rdev]).toEqual(['/etc/passwd', true, true, 259]);
  });

  test('digest and size are those of the whole stream, however it is packed', async () => {
    const archive = Buffer.concat([tarOf([{ path: 'a', content: 'x' }]), Buffer.alloc(10_000, 'after the end')]);
    const plain = await unpack(archive);
    expect(plain.size).toBe(archive.length);
    expect(await unpack(gzipSync(archive))).toEqual(plain);
  });

  test.each([
    ['..', { path: '../../outside/file', content: 'evil' }, 'outside/file'],
    ['an absolute path', { path: '/outside/file', content: 'evil' }, 'outside/file'],
    ['.. in the middle', { path: 'a/../../../outside/file', content: 'evil' }, 'outside/file'],
  ] as const)('%s stays in the root', async (_name, entry, where) => {
    const before = outside();
    await layer(entry);
    expect(text(where)).toBe('evil');
    expect(outside()).toBe(before);
  });

  test('links lead nowhere out of the root: absolute ones, ones with .., ones to links, ones that were there before', async () => {
    symlinkSync(join(place, 'outside'), at('before'));
    const before = outside();
    mkdirSync(at('outside'));
    await layer(
      { path: 'abs', kind: 'symlink', linkPath: '/outside' }, { path: 'abs/a', content: '1' },
      { path: 'up', kind: 'symlink', linkPath: '../../outside' }, { path: 'up/b', content: '2' },
      { path: 'two', kind: 'symlink', linkPath: 'up' }, { path: 'two/c', content: '3' },
    );
    expect(['a', 'b', 'c'].map((name) => text(`outside/${name}`))).toEqual(['1', '2', '3']);
    // Its target is not there in here: it is made in here.
    await layer({ path: 'before/file', content: '4' });
    expect(text(join(place, 'outside/file'))).toBe('4');
    expect(outside()).toBe(before);
  });

  test('what links lead to is made where it is not there, also by the way of other links and over directories that are missing, as containerd does', async () => {
    await layer(
      { path: 'lib', kind: 'symlink', linkPath: 'usr/lib' }, { path: 'lib/a', content: '1' },
      { path: 'var/run', kind: 'symlink', linkPath: '../no/../run/./all/' }, { path: 'var/run/b/c', content: '2' },
      { path: 'x', kind: 'symlink', linkPath: '/y/in' }, { path: 'y', kind: 'symlink', linkPath: '../../../../z' }, { path: 'x/d', content: '3' },
    );
    expect(['usr/lib/a', 'run/all/b/c', 'z/in/d'].map((path) => text(path))).toEqual(['1', '2', '3']);
    expect(['lib', 'var/run', 'x', 'y'].map((path) => lstatSync(at(path)).isSymbolicLink())).toEqual([true, true, true, true]);
    // Each leads over a directory that is made to itself.
    await expect(layer({ path: 'p', kind: 'symlink', linkPath: 'd/../p' }, { path: 'p/x', content: '' })).rejects.toThrow(/too many levels of symbolic links/);
  });

  test('links that go in a circle are an error that names them', async () => {
    await expect(layer({ path: 'a', kind: 'symlink', linkPath: 'b' }, { path: 'b', kind: 'symlink', linkPath: 'a' }, { path: 'a/x', content: '' })).rejects.toThrow(/\/a: too many levels of symbolic links/);
  });

  test('a file is never written through a link, nor through another name of it', async () => {
    symlinkSync(join(place, 'file'), at('link'));
    linkSync(join(place, 'outside', 'file'), at('hard'));
    await layer({ path: 'link', content: 'evil', mode: 0o4777 }, { path: 'hard', content: 'evil', mode: 0o4777, uid: 7 });
    expect([text('link'), text('hard'), stat('link').isFile()]).toEqual(['evil', 'evil', true]);
    expect(readFileSync(join(place, 'file'), 'utf8') + readFileSync(join(place, 'outside', 'file'), 'utf8')).toBe('untoucheduntouched');
    expect(statSync(join(place, 'outside', 'file')).mode & 0o7777).toBe(0o644);
  });

  test('hard links cannot name what is outside', async () => {
    for (const linkPath of ['../outside/file', join(place, 'outside', 'file'), '/../../outside/file', '..', '/']) {
      await expect(layer({ path: 'x', kind: 'link', linkPath })).rejects.toThrow(/\/|hard link/);
    }
    symlinkSync('..', at('out'));
    await expect(layer({ path: 'x', kind: 'link', linkPath: 'out/outside/file' })).rejects.toThrow('no such file');
    expect(statSync(join(place, 'outside', 'file')).nlink).toBe(1);
  });

  test('files and directories take each other\'s place, and a directory that is there keeps what is in it', async () => {
    await layer({ path: 'a', content: '1' }, { path: 'd/x', content: '1' }, { path: 'e/keep', content: '1' });
    await layer({ path: 'a/' }, { path: 'a/in', content: '2' }, { path: 'd', content: '2' }, { path: 'e/', mode: 0o700 });
    expect([text('a/in'), text('d'), text('e/keep'), stat('e').mode & 0o777]).toEqual(['2', '2', '1', 0o700]);
  });

  test('an error names a path on one line, and without what a terminal takes for an order', async () => {
    await expect(layer({ path: 'a', kind: 'link', linkPath: 'no\n\x1b[2J\x9b/\xff' })).rejects.toThrow(/^open \/no\?\?\[2J\ufffd: no such file or directory$/);
    await expect(layer({ path: 'fifo', kind: 'fifo', attributes: new Map([['security.\n', Buffer.from('x'.repeat(70_000))]]) })).rejects.toThrow(/^setxattr security\.\? \/fifo: /);
  });

  test('whiteouts take away what was there before, and nothing of this layer', async () => {
    await layer({ path: 'a/old', content: '1' }, { path: 'a/both', content: '1' }, { path: 'o/old/deep', content: '1' }, { path: 'o/x', content: '1' });
    await layer({ path: 'a/.wh.old', content: '' }, { path: 'a/both', content: '2' }, { path: 'a/.wh.both', content: '' }, { path: 'o/new/deep', content: '2' }, { path: 'o/.wh..wh..opq', content: '' });
    expect([existsSync(at('a/old')), text('a/both'), readdirSync(at('o')), text('o/new/deep')]).toEqual([false, '2', ['new'], '2']);
  });

  test('in an overlay they are its own signs', async () => {
    await unpack(tarOf([{ path: 'a/.wh.gone', content: '', uid: 5 }, { path: 'o/.wh..wh..opq', content: '' }]), { mode: 'overlay' });
    expect([stat('a/gone').isCharacterDevice(), stat('a/gone').rdev, stat('a/gone').uid]).toEqual([true, 0, 5]);
    const opened = RootedDirectory.open(root);
    const names = opened.openDirectory('');
    expect(names.attributes('o').get('trusted.overlay.opaque')?.toString()).toBe('y');
    names.close();
    opened.close();
  });

  test.each(['.wh.', '.wh..', '.wh...'])('a whiteout of %s is refused', async (name) => {
    await layer({ path: 'a/keep', content: '1' });
    await expect(layer({ path: `a/${name}`, content: '' })).rejects.toThrow(`invalid whiteout name: ${name}`);
    expect([text('a/keep'), existsSync(place)]).toEqual(['1', true]);
  });

  test('directories that the layer does not have are made as they are below', async () => {
    const [near, far] = [join(place, 'near'), join(place, 'far')];
    mkdirSync(join(far, 'a', 'b'), { recursive: true });
    mkdirSync(join(near, 'a'), { recursive: true });
    chmodSync(join(near, 'a'), 0o711);
    chmodSync(join(far, 'a', 'b'), 0o1750);
    await unpack(tarOf([{ path: 'a/b/c/f', content: '' }]), { mode: 'overlay', lower: [near, far] });
    expect(['a', 'a/b', 'a/b/c'].map((path) => (stat(path).mode & 0o7777).toString(8))).toEqual(['711', '1750', '755']);
  });

  test('what is too much is refused before it is on the disk', async () => {
    const limits = { bytes: 100_000, entries: 10, pathBytes: 200 };
    const bomb = gzipSync(tarOf([{ path: 'zeros', content: Buffer.alloc(50_000_000) }]));
    await expect(unpack(bomb, { limits })).rejects.toThrow('the layer unpacks to more than 100000 bytes');
    await expect(unpack(gzipSync(Buffer.concat([tarOf([{ path: 'a', content: '' }]), Buffer.alloc(50_000_000)])), { limits })).rejects.toThrow('the layer unpacks to more than 100000 bytes');
    await expect(unpack(tarOf(Array.from({ length: 11 }, (_, index) => ({ path: `f${String(index)}`, content: '' }))), { limits })).rejects.toThrow('the layer has more than 10 entries');
    await expect(unpack(tarOf([{ path: 'p/'.repeat(101), content: '' }]), { limits })).rejects.toThrow('the layer has a path of more than 200 bytes');
    expect(existsSync(at('zeros'))).toBe(false);
  });

  test('a sparse terabyte takes no room, and more than the bound is refused', async () => {
    await unpack(sparseOf(1_000_000_000_000), { limits: { ...defaultLimits, bytes: 2_000_000_000_000 } });
    expect([stat('x').size, stat('x').blocks < 100]).toEqual([1_000_000_000_000, true]);
    await expect(unpack(sparseOf(1_000_000_000_000))).rejects.toThrow(`the layer has files of more than ${String(defaultLimits.bytes)} bytes`);
  });

  test('a disk that fills is one error, at whichever step, and the same layer can be unpacked upon what is left', async () => {
    const entries = Array.from({ length: 60 }, (_, index) => ({ path: `d${String(index % 7)}/f${String(index)}`, content: 'x'.repeat(20_000) }));
    for (const size of ['16k', '100k', '500k', '1000k']) {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', root]);
      try {
        await expect(layer(...entries)).rejects.toThrow(/no space left on device/i);
        execFileSync('mount', ['-o', 'remount,size=10m', root]);
        await layer(...entries);
        expect(entries.every(({ path, content }) => text(path) === content)).toBe(true);
      } finally {
        execFileSync('umount', [root]);
      }
    }
  });

  test('100,000 entries', async () => {
    const names = Array.from({ length: 100_000 }, (_, index) => ({ path: `${String(index % 300)}/${String(index)}`, kind: 'symlink' as const, linkPath: 'x' }));
    await layer(...names);
    expect(readdirSync(root)).toHaveLength(300);
    expect(readlinkSync(at('299/99899'))).toBe('x');
  });

  test('whatever a layer says, nothing outside of its root is touched', async () => {
    const name = fc.constantFrom('a', 'b', 'c', '..', '.', '', 'outside', 'file', '.wh.a', '.wh..wh..opq', '.wh...', '.wh.file', 'a\nb', '\x1b[2J', 'x'.repeat(255));
    const path = fc.tuple(fc.constantFrom('', '/', '../', './', '../../'), fc.array(name, { minLength: 1, maxLength: 4 })).map(([start, names]) => start + names.join('/'));
    const entry = fc.record({
      kind: fc.constantFrom('file', 'file', 'directory', 'directory', 'symlink', 'symlink', 'link', 'fifo', 'character') as fc.Arbitrary<'file'>,
      path, linkPath: path, content: fc.constantFrom('', 'evil'), mode: fc.nat(0o7777), uid: fc.nat(3), gid: fc.nat(3),
      attributes: fc.constantFrom(new Map<string, Buffer>(), new Map([['trusted.overlay.redirect', Buffer.from('/outside')]]), new Map([['user.x', Buffer.from('y')]]), new Map([['user.\n', Buffer.from('y')]])),
    });
    const damage = fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 2 });
    const before = outside();
    let whole = 0;
    await fc.assert(fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 12 }), damage, fc.constantFrom<Mode>('plain', 'overlay'), async (entries, changes, mode) => {
      rmSync(root, { recursive: true, force: true });
      mkdirSync(root);
      const archive = tarOf(entries.map((one) => (one.kind === 'file' ? one : { ...one, content: '' })));
      for (const [index, value] of changes) if (index < archive.length) archive[index] = value;
      try {
        await unpack(archive, { mode });
        whole += 1;
      } catch (error) {
        expect(['TarError', 'SysError']).toContain((error as Error).name);
        expect((error as Error).message).not.toMatch(/\p{Cc}/u);
      }
      expect(outside()).toBe(before);
    }), { numRuns: runs });
    // It would prove little if all were refused.
    expect(whole).toBeGreaterThan(runs / 20);
  });
});

/** A file of one byte at its end, in GNU's old format. */
function sparseOf(size: number): Buffer {
  const archive = tarOf([{ path: 'x', content: 'e' }]);
  const octal = (value: number, where: number): void => {
    // Base-256: octal digits end at 8 GiB.
    archive.fill(0, where, where + 12);
    archive.writeBigUInt64BE(BigInt(value), where + 4);
    archive[where] = 0x80;
  };
  archive.write('S', 156, 'latin1');
  octal(size - 1, 386);
  octal(1, 398);
  octal(size, 483);
  archive.fill(0x20, 148, 156);
  archive.write(`${archive.subarray(0, 512).reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return archive;
}

/** Names, kinds, sizes, owners, permissions, numbers of names, times of change and content of all below a directory, but for one name in it. */
function describeTree(directory: string, except: string): string {
  return readdirSync(directory).sort().filter((name) => name !== except).map((name) => {
    const path = join(directory, name);
    const { mode, uid, gid, nlink, size, ctimeMs } = lstatSync(path);
    const inner = lstatSync(path).isDirectory() ? `\n${describeTree(path, '')}` : '';
    return `${path} ${String(mode)} ${String(uid)}:${String(gid)} ${String(nlink)} ${String(size)} ${String(ctimeMs)}${inner}`;
  }).join('\n');
}
