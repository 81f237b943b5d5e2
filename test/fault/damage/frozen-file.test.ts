import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { untilContains } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

const lines = 100_000;
const counted = Array.from({ length: lines }, (_, index) => `${String(index + 1)}\n`).join('');

describeOnHost('a file system that is frozen under a process\'s plain file', realContainers, () => {
  let host: TestHost;
  let mount: string;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
    mount = host.own('mount');
    mkdirSync(mount);
    const image = host.own('image');
    writeFileSync(image, '');
    truncateSync(image, 32 * 1024 * 1024);
    execFileSync('mkfs.ext4', ['-q', image]);
    execFileSync('mount', ['-o', 'loop', image, mount]);
  });
  afterEach(async () => {
    execFileSync('umount', ['--lazy', mount]);
    await host.cleanUp();
  });

  test.each([
    ['without a terminal', false],
    ['with one', true],
  ])('costs a container %s its output, nobody else anything, and nothing for good', async (_name, terminal) => {
    const events = await host.events();
    const stdio = host.stdio('box');
    const stdout = join(mount, 'log');
    writeFileSync(stdout, '');
    const script = `${terminal ? 'stty -echo -opost; ' : ''}echo ready; read line; seq ${String(lines)}`;
    await host.create('box', { args: ['sh', '-c', script], terminal }, { ...stdio.paths, stdout, stderr: '' });
    await untilContains(stdout, 'ready');
    execFileSync('fsfreeze', ['--freeze', mount]);
    try {
      await stdio.stdin.write('go\n');
      // A start, execs and an end meanwhile.
      await host.create('other', { args: ['sleep', '1000'] });
      for (const pid of ['one', 'two', 'three']) {
        await host.client.addProcess({ id: 'other', pid, args: ['true'], env: ['PATH=/bin'], cwd: '/' });
        expect((await events.untilExit('other', pid)).status).toBe(0);
      }
      await host.client.signal('other', 9);
      expect((await events.untilExit('other')).status).toBe(137);
      expect((await host.client.state('box')).containers[0]?.status).toBe('running');
    } finally {
      execFileSync('fsfreeze', ['--unfreeze', mount]);
    }
    expect((await events.untilExit('box')).status).toBe(0);
    const text = readFileSync(stdout, 'utf8');
    expect(text.slice(text.indexOf('\n') + 1) === counted).toBe(true);
  });
});
