import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findUser } from '../../../../src/ctl/definition/user';

describe('users of a root file system', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'users-'));
    mkdirSync(join(root, 'etc'));
  });
  afterEach(() => { rmSync(root, { recursive: true }); });

  test('are those of its own files', () => {
    writeFileSync(join(root, 'etc/passwd'), 'own:x:7:8:own:/own:/bin/own\n');
    writeFileSync(join(root, 'etc/group'), 'eight:x:8:\nmore:x:9:own,other\n');
    expect(findUser('own', root)).toEqual({ uid: 7, gid: 8, additionalGids: [9], name: 'own', home: '/own', shell: '/bin/own' });
    expect(findUser('own:eight', root)).toMatchObject({ gid: 8, additionalGids: [] });
    expect(() => findUser('daemon', root)).toThrow(`there is no user daemon in ${root}`);
  });

  test('a link is followed as from inside: never to a file of this host', () => {
    symlinkSync('/etc/real', join(root, 'etc/passwd'));
    writeFileSync(join(root, 'etc/real'), 'inside:x:7:8:own:/own:/bin/own\n');
    expect(findUser('inside', root).uid).toBe(7);
    rmSync(join(root, 'etc/passwd'));
    symlinkSync('../../../../../../../../etc/shadowed', join(root, 'etc/passwd'));
    symlinkSync('real', join(root, 'etc/shadowed'));
    expect(findUser('inside', root).uid).toBe(7);
    rmSync(join(root, 'etc/shadowed'));
    symlinkSync('passwd', join(root, 'etc/shadowed'));
    expect(() => findUser('daemon', root)).toThrow('there is no user daemon');
  });

  test('where there are no files, numbers will do', () => {
    expect(findUser('5:6', root)).toMatchObject({ uid: 5, gid: 6, name: undefined, home: '/' });
  });
});
