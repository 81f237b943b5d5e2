import { appendFileSync, chmodSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { untilContains } from '../support/files';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';

const env = ['PATH=/bin'];
const ownerOf = (path: string): number => statSync(path).uid;

describeOnHost('stdio from and to plain files', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const filesWith = (name: string, input: string, before: string) => {
    const paths = { stdin: host.own(`${name}.in`), stdout: host.own(`${name}.out`), stderr: host.own(`${name}.err`) };
    writeFileSync(paths.stdin, input, { mode: 0o600 });
    for (const path of [paths.stdout, paths.stderr]) writeFileSync(path, before, { mode: 0o600 });
    return paths;
  };

  /** Does what it can to the files behind its streams. */
  const hostile = 'for fd in 0 1 2; do : > /proc/self/fd/$fd; echo x > /proc/$$/fd/$fd; done; cat; echo said; echo shouted >&2';

  test.each([
    ['of a container, as another user', { uid: 1000, gid: 1000 }],
    ['of a container, as root', {}],
    ['with a user namespace', { firstHostId: 100_000 }],
  ])('the files %s are neither emptied nor given away', async (_name, options) => {
    for (const directory of [host.directory, join(host.directory, 'bundles')]) chmodSync(directory, 0o711);
    const events = await host.events();
    const paths = filesWith('box', 'typed\n', 'before\n');
    await host.create('box', { args: ['sh', '-c', hostile], ...options }, paths);
    await events.untilExit('box');
    expect(readFileSync(paths.stdin, 'utf8')).toBe('typed\n');
    expect(readFileSync(paths.stdout, 'utf8')).toMatch(/^before\n[^]*said\n/);
    expect(readFileSync(paths.stderr, 'utf8')).toMatch(/^before\n[^]*shouted\n/);
    expect(Object.values(paths).map(ownerOf)).toEqual([0, 0, 0]);
  });

  test('nor those of an exec', async () => {
    const events = await host.events();
    await host.create('box', { args: ['sleep', '1000'] });
    const paths = filesWith('exec', 'typed\n', 'before\n');
    const user = { uid: 1000, gid: 1000, additionalGids: [] };
    await host.client.addProcess({ id: 'box', pid: 'exec', args: ['sh', '-c', hostile], env, cwd: '/', user, ...paths });
    await events.untilExit('box', 'exec');
    expect(readFileSync(paths.stdin, 'utf8')).toBe('typed\n');
    expect(readFileSync(paths.stdout, 'utf8')).toMatch(/^before\n[^]*said\n/);
    expect(Object.values(paths).map(ownerOf)).toEqual([0, 0, 0]);
    await host.end();
  });

  test('much goes in and comes out whole', async () => {
    const events = await host.events();
    const text = Array.from({ length: 300_000 }, (_, index) => `${String(index)}\n`).join('');
    const paths = filesWith('much', text, '');
    await host.create('much', { args: ['cat'] }, paths);
    expect((await events.untilExit('much')).status).toBe(0);
    expect(readFileSync(paths.stdout, 'utf8') === text).toBe(true);
  });

  test('both outputs may go to one file, to which others append too, and which is rotated by copying', async () => {
    const events = await host.events();
    const log = host.own('log');
    writeFileSync(log, '');
    const script = 'seq 20000 | sed "s/^/out /"; read line; seq 20000 | sed "s/^/err /" >&2; echo last';
    const stdio = host.stdio('shared');
    await host.create('shared', { args: ['sh', '-c', script] }, { stdin: stdio.paths.stdin, stdout: log, stderr: log });
    let others = 0;
    do appendFileSync(log, `other ${String((others += 1))}\n`);
    while (!readFileSync(log, 'utf8').includes('out 20000\n') && others < 100_000);
    // Each append is whole; but what is copied need not end with a line where another comes between.
    const first = readFileSync(log, 'utf8');
    expect(first.match(/other \d+\n/g)).toHaveLength(others);
    expect(first.replace(/other \d+\n/g, '')).toBe(Array.from({ length: 20_000 }, (_, index) => `out ${String(index + 1)}\n`).join(''));
    truncateSync(log);
    await stdio.stdin.write('go\n');
    expect((await events.untilExit('shared')).status).toBe(0);
    expect(readFileSync(log, 'utf8')).toBe(`${Array.from({ length: 20_000 }, (_, index) => `err ${String(index + 1)}`).join('\n')}\nlast\n`);
  });

  test('a file that is renamed is written further', async () => {
    const log = host.own('log');
    writeFileSync(log, '');
    const stdio = host.stdio('renamed');
    await host.create('renamed', { args: ['cat'] }, { ...stdio.paths, stdout: log });
    await stdio.stdin.write('one\n');
    await untilContains(log, 'one\n');
    renameSync(log, `${log}.1`);
    await stdio.stdin.write('two\n');
    await untilContains(`${log}.1`, 'one\ntwo\n');
    await host.end();
  });

  test('what a full device refuses is dropped, and the container goes on', async () => {
    const events = await host.events();
    await host.create('full', { args: ['sh', '-c', 'seq 100000; exit 3'] }, { stdin: '/dev/zero', stdout: '/dev/full', stderr: '' });
    expect((await events.untilExit('full')).status).toBe(3);
  });

  test('what a process left running goes on writing there, and its exit does not wait for it', async () => {
    const events = await host.events();
    await host.create('box', { args: ['sleep', '1000'] });
    const log = host.own('log');
    writeFileSync(log, '');
    const args = ['sh', '-c', 'exec 3<&0; (read line <&3; echo later) & echo first'];
    const stdio = host.stdio('exec');
    await host.client.addProcess({ id: 'box', pid: 'exec', args, env, cwd: '/', ...stdio.paths, stdout: log });
    expect((await events.untilExit('box', 'exec')).status).toBe(0);
    expect(readFileSync(log, 'utf8')).toBe('first\n');
    await stdio.stdin.write('go\n');
    await untilContains(log, 'later\n');
    await host.end();
  });
});
