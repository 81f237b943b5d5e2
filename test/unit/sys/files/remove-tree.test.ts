import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { bindMount } from '../../../support/bind-mount';
import { describeOnHost } from '../../../support/requires';
import { mkfifo } from '../../../../src/sys/files/files';
import { HeldDirectory } from '../../../../src/sys/files/held-directory';
import { removeTree } from '../../../../src/sys/files/remove-tree';
import { libc } from '../../../../src/sys/native';
import { Scratch, countDescriptors, errorOf } from '../resources';

describe('removeTree', () => {
  let scratch: Scratch;
  let before: number;
  beforeEach(async () => {
    before = await countDescriptors();
    scratch = new Scratch();
    mkdirSync(scratch.file('precious'));
    writeFileSync(scratch.file('precious/file'), 'mine');
  });
  afterEach(async () => {
    scratch.remove();
    expect(await countDescriptors()).toBe(before);
  });

  test('removes whatever it is, with all that is in it', () => {
    mkdirSync(scratch.file('tree/one/two'), { recursive: true });
    writeFileSync(scratch.file('tree/one/two/file'), '');
    mkfifo(scratch.file('tree/one/fifo'), 0o600);
    removeTree(scratch.file('tree'));
    expect(existsSync(scratch.file('tree'))).toBe(false);
    mkfifo(scratch.file('fifo'), 0o600);
    removeTree(scratch.file('fifo'));
    expect(readdirSync(scratch.path)).toEqual(['precious']);
  });

  test('has nothing to do where there is nothing', () => {
    removeTree(scratch.file('none'));
    removeTree(scratch.file('none/of/it'));
  });

  test('removes links, and leaves what they lead to', () => {
    mkdirSync(scratch.file('tree'));
    symlinkSync(scratch.file('precious'), scratch.file('tree/link'));
    symlinkSync(scratch.file('precious'), scratch.file('link'));
    removeTree(scratch.file('tree'));
    removeTree(scratch.file('link'));
    expect(readdirSync(scratch.path)).toEqual(['precious']);
    expect(readFileSync(scratch.file('precious/file'), 'utf8')).toBe('mine');
  });

  test('stays in the directory that it holds, whatever takes its name', () => {
    mkdirSync(scratch.file('tree'));
    const held = HeldDirectory.open(scratch.file('tree'));
    removeTree(scratch.file('tree'));
    symlinkSync(scratch.file('precious'), scratch.file('tree'));
    expect(held.entries()).toEqual([]);
    held.close();
  });

  test('says which path could not be removed', () => {
    expect(errorOf(() => { HeldDirectory.open(scratch.file('none')); })).toMatchObject({ code: 'ENOENT', path: scratch.file('none') });
  });

  describeOnHost('where something is mounted', ['root'], () => {
    const unmounts: (() => void)[] = [];
    const mount = (at: string): void => {
      unmounts.push(bindMount(scratch.file(at.endsWith('file') ? 'precious/file' : 'precious'), scratch.file(at)));
    };
    afterEach(() => {
      for (const unmount of unmounts.splice(0)) unmount();
    });

    test.each(['tree', 'tree/one', 'tree/one/file'])('on %s of the same file system: it stays, with what is in it', (at) => {
      mkdirSync(scratch.file('tree/one'), { recursive: true });
      writeFileSync(scratch.file('tree/one/file'), '');
      mount(at);
      expect(errorOf(() => { removeTree(scratch.file('tree')); })).toMatchObject({ code: 'EBUSY', path: scratch.file(at) });
      expect(readFileSync(scratch.file('precious/file'), 'utf8')).toBe('mine');
      for (const unmount of unmounts.splice(0)) unmount();
      removeTree(scratch.file('tree'));
      expect(readdirSync(scratch.path)).toEqual(['precious']);
    });

    const answeringWithoutMount = (mask: number) => (...[, , , , into]: Parameters<typeof libc.statx>): number => {
      if (into !== null) Buffer.from(into.buffer, into.byteOffset).writeUInt32LE(mask);
      return 0;
    };

    test.each([
      ['a kernel from before 5.8, whose statx(2) tells no mount,', 0],
      ['one whose answer qemu-user has translated, which has no mount in it and says that it has,', 0x1000],
    ])('%s is asked by /proc', (_which, mask) => {
      const statx = jest.spyOn(libc, 'statx').mockImplementation(answeringWithoutMount(mask));
      try {
        mkdirSync(scratch.file('tree/one'), { recursive: true });
        mount('tree/one');
        expect(errorOf(() => { removeTree(scratch.file('tree')); })).toMatchObject({ code: 'EBUSY', path: scratch.file('tree/one') });
        expect(statx).toHaveBeenCalled();
      } finally {
        statx.mockRestore();
      }
    });
  });
});
