import { closeSync, linkSync, lutimesSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { compareTrees } from '../../../src/images/diff/compare/compare';
import type { Mount } from '../../../src/images/mount';
import { TarReader } from '../../../src/images/tar/reader';
import { describeOnHost } from '../../support/requires';

describeOnHost('comparing', ['root'], () => {
  let place: string;

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'hf-compare-'));
    for (const name of ['old', 'new', 'upper']) mkdirSync(join(place, name));
  });

  afterEach(() => { rmSync(place, { recursive: true, force: true }); });

  const bind = (name: string): Mount => ({ type: 'bind', source: join(place, name), options: ['ro', 'rbind'] });
  const overlay = (): Mount => ({ type: 'overlay', source: 'overlay', options: [`workdir=${place}/work`, `upperdir=${place}/upper`, `lowerdir=${place}/old`] });
  const put = (path: string, content: string, seconds = 1_000_000_000): void => {
    mkdirSync(join(place, dirname(path)), { recursive: true });
    writeFileSync(join(place, path), content);
    utimesSync(join(place, path), seconds, seconds);
  };

  /** What the layer holds, a line each. */
  const compare = async (left: readonly Mount[], right: readonly Mount[], packing: 'plain' | 'gzip' = 'plain'): Promise<string[]> => {
    const file = join(place, 'layer');
    const fd = openSync(file, 'w');
    const { digest, size } = await compareTrees({ verb: 'compare', left, right, packing, epochSeconds: undefined, places: [join(place, 'p1'), join(place, 'p2')] }, fd);
    closeSync(fd);
    const bytes = packing === 'gzip' ? gunzipSync(readFileSync(file)) : readFileSync(file);
    expect([size, digest]).toEqual([bytes.length, `sha256:${createHash('sha256').update(bytes).digest('hex')}`]);
    const lines: string[] = [];
    let content = '';
    const reader = new TarReader({
      begin: ({ kind, path, linkPath }) => { lines.push([kind, path, linkPath].filter((word) => word !== '').join(' ')); content = ''; },
      data: (piece) => { content += piece.toString(); },
      end: () => { if (content !== '') lines.push(`${lines.pop() ?? ''}: ${content}`); },
    });
    reader.push(bytes);
    reader.finish();
    return lines;
  };

  test('what was added, changed and taken away, in the order of names, with its directories', async () => {
    for (const where of ['old', 'new']) {
      put(`${where}/same/deep/f`, 'same');
      put(`${where}/dir/keep`, 'same');
    }
    put('old/dir/changed', 'one', 5);
    put('new/dir/changed', 'two', 5);
    put('old/dir/gone', '');
    put('old/all/x', '');
    put('new/b/new', 'new');
    put('new/a', 'first');
    expect(await compare([bind('old')], [bind('new')])).toEqual(['file a: first', 'file .wh.all', 'directory b/', 'file b/new: new', 'directory dir/', 'file dir/changed: two', 'file dir/.wh.gone']);
    expect(await compare([bind('old')], [bind('old')], 'gzip')).toEqual([]);
    expect(await compare([], [bind('old')])).toHaveLength(9);
  });

  test('names of one file are links, also where only one of them has changed', async () => {
    for (const where of ['old', 'new']) put(`${where}/b/kept`, 'same', 7);
    linkSync(join(place, 'new/b/kept'), join(place, 'new/c'));
    linkSync(join(place, 'new/b/kept'), join(place, 'new/d'));
    symlinkSync('/etc', join(place, 'new/sym'));
    lutimesSync(join(place, 'new/sym'), 1, 1);
    expect(await compare([bind('old')], [bind('new')])).toEqual(['file c: same', 'directory b/', 'link b/kept c', 'link d c', 'symlink sym /etc']);
  });

  test('a file in the place of a directory, and the reverse', async () => {
    put('old/x/in', '');
    put('old/y', '');
    put('new/x', 'file');
    put('new/y/in', 'in');
    expect(await compare([bind('old')], [bind('new')])).toEqual(['file x: file', 'directory y/', 'file y/in: in']);
  });

  test('of an overlay the upper directory tells all of it', async () => {
    put('old/dir/a', 'a');
    put('old/dir/b', 'b');
    put('old/opaque/old', '');
    put('old/opaque/both', 'both', 9);
    put('upper/dir/new', 'new');
    put('upper/opaque/both', 'both', 9);
    execFileSync('mknod', [join(place, 'upper/dir/b'), 'c', '0', '0']);
    execFileSync('mknod', [join(place, 'upper/never'), 'c', '0', '0']);
    execFileSync('python3', ['-c', `import os; os.setxattr('${place}/upper/opaque', 'trusted.overlay.opaque', b'y')`]);
    expect(await compare([bind('old')], [overlay()])).toEqual(['directory dir/', 'file dir/.wh.b', 'file dir/new: new', 'directory opaque/', 'file opaque/.wh.old']);
  });
});
