import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { untilIn } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

const copy = '/memfd:runc (deleted)';
const word = 'is run from a copy in memory';

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

  /** Starts a container whose hooks say what the runtime is run from, which is their parent. */
  async function startTold(id: string): Promise<void> {
    const bundlePath = host.bundle(id, { args: ['sleep', '1000'] });
    const path = join(bundlePath, 'config.json');
    const hook = (verb: string) => [{ path: '/bin/sh', args: ['sh', '-c', `readlink /proc/$PPID/exe >${host.own(`${id}.${verb}`)}`] }];
    const hooks = { prestart: hook('create'), poststart: hook('start'), poststop: hook('delete') };
    const spec = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...spec, hooks }));
    await host.client.create({ id, bundlePath });
  }

  function exeOf(verb: string, id: string): string {
    return readFileSync(host.own(`${id}.${verb}`), 'utf8').trim();
  }

  async function exeOfCreate(id: string): Promise<string> {
    await startTold(id);
    return exeOf('create', id);
  }

  /** The shim has one for `create`, `exec` and `delete`, the daemon for the rest. */
  async function untilCopied(): Promise<void> {
    const shimLog = join(host.stateDir, 'holdfast-shim.log');
    const logOfShim = (): string => (existsSync(shimLog) ? readFileSync(shimLog, 'utf8') : '');
    await untilIn(host.stateDir, () => logOfShim().includes(word), `word of the copy in ${shimLog}`);
    await untilIn(host.directory, () => host.daemon.log().includes(word), "word of the copy in the daemon's log");
  }

  test('once there is one: containers and their execs are as ever', async () => {
    await host.startDaemon({ flags: ['--runtime-copy=always'] });
    expect([runc, copy]).toContain(await exeOfCreate('first'));
    await untilCopied();
    await startTold('second');
    expect(['create', 'start'].map((verb) => exeOf(verb, 'second'))).toEqual([copy, copy]);

    const events = await host.events();
    const { stdout, paths } = host.stdio('exec');
    const args = ['sh', '-c', 'readlink /proc/self/exe; exit 7'];
    await host.client.addProcess({ id: 'second', pid: 'p', args, cwd: '/', env: ['PATH=/bin'], stdout: paths.stdout });
    await stdout.until('/bin/busybox\n');
    expect((await events.untilExit('second', 'p')).status).toBe(7);
    await host.end();
    expect(exeOf('delete', 'second')).toBe(copy);
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
    expect(['start', 'delete'].map((verb) => exeOf(verb, 'third'))).toEqual([runc, runc]);
  });
});
