import { execFileSync } from 'node:child_process';
import type { TarEntry } from '../../../src/images/tar/entry';
import { TarReader } from '../../../src/images/tar/reader';
import { fc } from '../../support/property';
import { tarOf } from '../../support/tars';

interface Read {
  readonly entry: TarEntry;
  readonly content: Buffer;
}

/** Reads an archive that comes in pieces of that size. */
function readAll(archive: Buffer, pieceBytes = archive.length): Read[] {
  const read: Read[] = [];
  let content = Buffer.alloc(0);
  let entry: TarEntry | undefined;
  const reader = new TarReader({
    begin: (begun) => {
      entry = begun;
      content = Buffer.alloc(begun.size);
    },
    data: (bytes, offset) => { bytes.copy(content, offset); },
    end: () => { if (entry !== undefined) read.push({ entry, content }); },
  });
  for (let at = 0; at < archive.length; at += pieceBytes) reader.push(archive.subarray(at, at + pieceBytes));
  reader.finish();
  return read;
}

/** What GNU tar makes of a shell script's files. */
function gnuTar(script: string, ...options: readonly string[]): Buffer {
  const work = `set -e; d=$(mktemp -d); trap 'rm -rf $d' EXIT; cd $d; { ${script}; } >&2; tar --numeric-owner ${options.join(' ')} -cf - *`;
  return execFileSync('/bin/bash', ['-c', work], { maxBuffer: 64 << 20 });
}

const byte = fc.integer({ min: 1, max: 255 }).filter((value) => value !== 0x2f).map((value) => String.fromCharCode(value));
const name = fc.array(byte, { minLength: 1, maxLength: 180 }).map((letters) => letters.join(''));
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

describe('archives', () => {
  test('what is written is read as it was, in pieces of any size', () => {
    const entry = fc.record({
      path,
      content: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
      uid: fc.nat(0xffff_fffe), gid: fc.nat(0xffff_fffe), mode: fc.nat(0o7777), modifiedSeconds: fc.integer({ min: -5_000_000_000, max: 50_000_000_000 }),
      attributes: fc.dictionary(fc.constantFrom('user.a', 'security.capability'), fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes))).map((all) => new Map(Object.entries(all))),
    });
    fc.assert(fc.property(fc.array(entry, { maxLength: 5 }), fc.integer({ min: 1, max: 3000 }), (entries, pieceBytes) => {
      const read = readAll(tarOf(entries.map((one) => ({ ...one, kind: 'file' as const }))), pieceBytes);
      expect(read.map(({ entry: { path: at, uid, gid, mode, modifiedNs, attributes }, content }) => ({ path: at, uid, gid, mode, modifiedSeconds: Number(modifiedNs / 1_000_000_000n), attributes, content })))
        .toEqual(entries.map(({ path: at, ...rest }) => ({ path: at, ...rest })));
    }), { numRuns: 100 });
  });

  test.each([
    ['gnu', '--format=gnu -S'], ['pax 0.0', '--format=pax -S --sparse-version=0.0'], ['pax 0.1', '--format=pax -S --sparse-version=0.1'], ['pax 1.0', '--format=pax -S --sparse-version=1.0'],
  ])('a sparse file of %s is read with its holes', (_name, options) => {
    const script = 'for i in $(seq 40); do printf "%05d" $i | dd of=sparse bs=1 seek=$((i * 40960)) conv=notrunc status=none; done; truncate -s 3000000 sparse; echo after >zz';
    for (const pieceBytes of [100, 4096, 1 << 20]) {
      const [sparse, after] = readAll(gnuTar(script, options), pieceBytes);
      const wanted = Buffer.alloc(3_000_000);
      for (let index = 1; index <= 40; index += 1) wanted.write(String(index).padStart(5, '0'), index * 40960);
      expect(sparse?.entry).toMatchObject({ path: 'sparse', size: 3_000_000 });
      expect(sparse?.content.equals(wanted)).toBe(true);
      expect(after).toMatchObject({ entry: { path: 'zz' }, content: Buffer.from('after\n') });
    }
  });

  test.each([['gnu'], ['pax'], ['ustar']])('long names and links of %s are whole', (format) => {
    const long = format === 'ustar' ? 90 : 200;
    const [directory, file, link] = readAll(gnuTar(`d=$(printf 'n%.0s' $(seq ${String(long)})); mkdir $d; echo 1 >$d/${'m'.repeat(90)}; ln -s ${'t'.repeat(long)} zlink`, `--format=${format}`));
    expect(directory?.entry).toMatchObject({ kind: 'directory', path: `${'n'.repeat(long)}/` });
    expect(file?.entry.path).toBe(`${'n'.repeat(long)}/${'m'.repeat(90)}`);
    expect(link?.entry).toMatchObject({ kind: 'symlink', linkPath: 't'.repeat(long) });
  });

  test('what is no archive, or was cut off, says so', () => {
    const whole = tarOf([{ path: 'a', content: 'x'.repeat(1000) }]);
    for (const at of [100, 512, 700, 1535]) expect(() => readAll(whole.subarray(0, at))).toThrow('the archive was cut off: unexpected end of file');
    expect(() => readAll(Buffer.alloc(1024, 'z'))).toThrow('not a tar archive, or a damaged one');
    expect(readAll(Buffer.alloc(0))).toEqual([]);
    // What comes after its end is nobody's.
    expect(readAll(Buffer.concat([whole, Buffer.alloc(5000, 'z')]))).toHaveLength(1);
  });

  test('a header may not want our memory', () => {
    const huge = Buffer.from(tarOf([{ path: 'x', content: '' }]).subarray(0, 512));
    const bytes = 0o77777777;
    huge.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    huge.write('x', 156, 'latin1');
    huge.fill(0x20, 148, 156);
    huge.write(`${huge.reduce((sum, each) => sum + each, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    expect(() => readAll(huge)).toThrow(`a header of ${String(bytes)} bytes, more than 1048576`);
  });

  test('whatever bytes come, it is read or refused with one line', () => {
    const whole = tarOf([{ path: 'a/', content: '' }, { path: 'a/long'.repeat(40), content: 'abc', attributes: new Map([['user.x', Buffer.from([1, 2, 255])]]) }, { path: 'l', kind: 'symlink', linkPath: '/x' }]);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat(whole.length), (changes, end) => {
      const damaged = Buffer.from(whole.subarray(0, end));
      for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
      try {
        readAll(damaged, 1000);
      } catch (error) {
        expect(error).toHaveProperty('name', 'TarError');
        expect((error as Error).message).not.toContain('\n');
      }
    }), { numRuns: 1000 });
  });
});
