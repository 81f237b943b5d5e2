import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { untilIn } from '../support/files';
import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';

const copy = '/memfd:runc (deleted)';

describeOnHost('the runtime, run from a copy in memory', realContainers, () => {
  let host: TestHost;
  let runc: string;

  // Not before: where there is none, these tests are skipped.
  beforeAll(() => {
    runc = execFileSync('sh', ['-c', 'realpath "$(command -v runc)"'], { encoding: 'utf8' }).trim();
  });

  beforeEach(() => {
    host = new TestHost();
  });

  afterEach(() => host.cleanUp());

  /** What a `create` was run from, as a hook sees it, whose parent the runtime is. */
  async function exeOfCreate(id: string): Promise<string> {
    const said = host.own(`${id}.exe`);
    const bundlePath = host.bundle(id, { args: ['sleep', '1000'] });
    const path = join(bundlePath, 'config.json');
    const hook = { path: '/bin/sh', args: ['sh', '-c', `readlink /proc/$PPID/exe >${said}`] };
    const spec = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...spec, hooks: { prestart: [hook] } }));
    await host.client.create({ id, bundlePath });
    return readFileSync(said, 'utf8').trim();
  }

  async function untilCopied(): Promise<void> {
    const log = join(host.stateDir, 'holdfast-shim.log');
    const isSaid = (): boolean => existsSync(log) && readFileSync(log, 'utf8').includes('is run from a copy in memory');
    await untilIn(host.stateDir, isSaid, `word of the copy in ${log}`);
  }

  test('once there is one: containers and their execs are as ever', async () => {
    await host.startDaemon({ flags: ['--runtime-copy=always'] });
    expect([runc, copy]).toContain(await exeOfCreate('first'));
    await untilCopied();
    expect(await exeOfCreate('second')).toBe(copy);

    const events = await host.events();
    const { stdout, paths } = host.stdio('exec');
    const args = ['sh', '-c', 'readlink /proc/self/exe; exit 7'];
    await host.client.addProcess({ id: 'second', pid: 'p', args, cwd: '/', env: ['PATH=/bin'], stdout: paths.stdout });
    await stdout.until('/bin/busybox\n');
    expect((await events.untilExit('second', 'p')).status).toBe(7);
    await host.end();
  });

  test('also with a terminal', async () => {
    await host.startDaemon({ flags: ['--runtime-copy=always'] });
    await exeOfCreate('first');
    await untilCopied();
    const { stdout, paths } = host.stdio('terminal', true);
    await host.create('box', { args: ['sh', '-c', 'tty; exec sleep 1000'], terminal: true }, { stdin: paths.stdin, stdout: paths.stdout });
    await stdout.until('/dev/pts/0');
    await host.end();
  });

  test('never, where that is set: also by a shim that was started by a daemon that would', async () => {
    await host.startDaemon({ flags: ['--runtime-copy=always'] });
    await exeOfCreate('first');
    await untilCopied();
    await host.restartDaemon('SIGTERM', { flags: ['--runtime-copy=never'] });
    expect(await exeOfCreate('second')).toBe(runc);
    expect(await exeOfCreate('third')).toBe(runc);
    await host.end();
  });
});
