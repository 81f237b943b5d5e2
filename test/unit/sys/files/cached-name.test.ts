import { closeSync, constants, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FoundName, findCached, findCachedIn, findInMemory } from '../../../../src/sys/files/cached-name';
import { errorOf } from '../resources';

const typeOf = (found: FoundName | undefined): number | undefined => (found === undefined ? undefined : found.mode & constants.S_IFMT);

describe('what the kernel has in its cache of names', () => {
  // In memory, where all names are in the cache.
  const place = mkdtempSync('/dev/shm/holdfast-test-');
  const found: FoundName[] = [];
  const keep = (one: FoundName | undefined): FoundName | undefined => {
    if (one !== undefined) found.push(one);
    return one;
  };
  const directory = keep(findCached(place));

  beforeAll(() => {
    writeFileSync(join(place, 'file'), 'four');
    mkdirSync(join(place, 'below'));
    symlinkSync('file', join(place, 'link'));
    symlinkSync('nowhere', join(place, 'broken'));
  });

  afterAll(() => {
    for (const { fd } of found) closeSync(fd);
    rmSync(place, { recursive: true });
  });

  // The flags of openat2(2) have other values on arm64 than on x86-64: with a wrong one it finds nothing, or what the link leads to.
  const whereTold = directory === undefined ? test.skip : test;

  whereTold('a symbolic link in a directory is found itself', () => {
    const fd = directory?.fd ?? -1;
    expect(typeOf(keep(findCachedIn(fd, 'link')))).toBe(constants.S_IFLNK);
    expect(typeOf(keep(findCachedIn(fd, 'broken')))).toBe(constants.S_IFLNK);
    expect(typeOf(keep(findCachedIn(fd, 'file')))).toBe(constants.S_IFREG);
    expect(typeOf(keep(findCachedIn(fd, 'below')))).toBe(constants.S_IFDIR);
  });

  whereTold('in memory a file is found, and a symbolic link is none', () => {
    if (directory === undefined) return;
    expect(keep(findInMemory(directory, 'file'))).toMatchObject({ size: 4 });
    expect(typeOf(keep(findInMemory(directory, 'below')))).toBe(constants.S_IFDIR);
    expect(errorOf(() => findInMemory(directory, 'none'))).toMatchObject({ code: 'ENOENT' });
  });
});
