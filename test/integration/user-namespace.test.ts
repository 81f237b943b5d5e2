import { chmodSync, chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { within } from '../support/deadline';
import { describeOnHost, realContainers } from '../support/requires';
import { killShims } from '../support/shims';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';

/** The container's root is this one of the host's users. */
const firstHostId = 100_000;
const env = ['PATH=/bin'];

describeOnHost('stdio in a user namespace', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
    // The container's root is nobody on the host, and has to get to its root file system.
    chmodSync(host.directory, 0o711);
    chmodSync(join(host.directory, 'bundles'), 0o711);
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  /** Opens each of its streams by path, as images do that log to /dev/stdout. */
  const byPath = ['sh', '-c', 'read line < /dev/stdin; echo "got $line" > /dev/stdout; echo oops > /dev/stderr'];

  test.each([
    ['its root', 0],
    ['another user', 1000],
  ])('%s may open each stream by its path', async (_name, uid) => {
    const events = await host.events();
    const stdio = host.stdio('box');
    await host.create('box', { args: byPath, uid, gid: uid, firstHostId }, stdio.paths);
    await stdio.stdin.write('hello\n');
    await stdio.stdout.until('got hello\n');
    await stdio.stderr.until('oops\n');
    expect((await events.untilExit('box')).status).toBe(0);
  });

  test.each([
    ['its root', 0],
    ['another user', 1000],
  ])('so may an exec as %s', async (_name, uid) => {
    const events = await host.events();
    await host.create('box', { args: ['sleep', '1000'], firstHostId });
    const stdio = host.stdio('exec');
    await host.client.addProcess({ id: 'box', pid: 'exec', args: byPath, env, cwd: '/', user: { uid, gid: uid, additionalGids: [] }, ...stdio.paths });
    await stdio.stdin.write('hello\n');
    await stdio.stdout.until('got hello\n');
    await stdio.stderr.until('oops\n');
    expect((await events.untilExit('box', 'exec')).status).toBe(0);
    await host.end();
  });

  test.each([
    ['its root', 0],
    ['another user', 1000],
  ])('and a terminal is given to %s', async (_name, uid) => {
    const events = await host.events();
    const stdio = host.stdio('tty', true);
    await host.create('tty', { args: ['sh', '-c', 'echo init > "$(tty)"; exec sleep 1000'], terminal: true, uid, gid: uid, firstHostId }, stdio.paths);
    await stdio.stdout.until('init\r\n');
    const execStdio = host.stdio('exec', true);
    const args = ['sh', '-c', 'read line < "$(tty)"; echo "got $line" > "$(tty)"'];
    await host.client.addProcess({ id: 'tty', pid: 'exec', args, env, cwd: '/', terminal: true, user: { uid, gid: uid, additionalGids: [] }, ...execStdio.paths });
    await execStdio.stdin.write('hello\n');
    await execStdio.stdout.until('got hello\r\n');
    expect((await events.untilExit('tty', 'exec')).status).toBe(0);
    await host.end();
  });

  test('an adopted process gets what no shim has given it, and keeps what one has', async () => {
    const script = 'while read line < /dev/stdin; do echo "got $line" > /dev/stdout; done';
    const loop = { args: ['sh', '-c', script], uid: 1000, gid: 1000, firstHostId };
    const stdio = host.stdio('box');
    await host.create('box', loop, stdio.paths);
    await stdio.stdin.write('first\n');
    await stdio.stdout.until('got first\n');
    // As a shim leaves it that gives nobody anything.
    chownSync(stdio.paths.stderr, 0, 0);
    await killShims(host);
    await stdio.stdin.write('second\n');
    await stdio.stdout.until('got second\n');
    // The adoption goes on beside all that; giving a file of a disk away is a helper's work.
    await untilOwnedBy(firstHostId, stdio.paths.stderr);
    expect(statSync(stdio.paths.stdout).uid).toBe(firstHostId + 1000);
    await host.end();
  });
});

/** Looks again and again: inotify(7) announced no change of a FIFO's owner here. */
async function untilOwnedBy(uid: number, path: string): Promise<void> {
  const owned = async (): Promise<void> => {
    while (statSync(path).uid !== uid) await delay(20);
  };
  await within(owned(), `${path} to belong to ${String(uid)}`);
}
