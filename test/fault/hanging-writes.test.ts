import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { Ctl } from '../support/ctl';
import { makeFifo } from '../support/fifo';
import { HangingFileSystem } from '../support/hanging-file-system';
import { HostPrograms } from '../support/host-programs';
import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';

const count = 100_000;
const counted = Array.from({ length: count }, (_, index) => `${String(index + 1)}\n`).join('');

// The kernel reads the disk with the lock of the pipe (`splice_file_to_pipe` in fs/splice.c), and whoever touches the pipe waits with it.
describeOnHost('a program that hangs within a sendfile to its output', [...realContainers, 'fuse'], () => {
  let host: TestHost;
  let ctl: Ctl;
  let hanging: HangingFileSystem;
  /** Who reads a line of it waits for `go`. */
  let gate: string;
  const go = (): void => { writeFileSync(gate, '\n'); };
  beforeEach(async () => {
    host = await TestHost.withDaemon();
    ctl = new Ctl(host);
    gate = host.own('gate');
    mkdirSync(host.own(''), { recursive: true });
    makeFifo(gate);
    hanging = await HangingFileSystem.withFile(host.own('disk'));
  });
  afterEach(async () => {
    await hanging.close();
    await ctl.run('rm', '--force', 'all');
    ctl.close();
    await host.cleanUp();
  });

  const hangs = (): string => `import os; os.write(1, b"begin\\n"); os.sendfile(1, os.open("${hanging.file}", os.O_RDONLY), 0, 4096)`;
  const others = async (name: string): Promise<void> => {
    await ctl.prints('run', '--host', '--detach', '--name', name, '--', 'seq', String(count));
    expect(await ctl.prints('wait', name)).toBe('0\n');
    expect((await ctl.prints('logs', name)) === counted).toBe(true);
  };

  test('costs others none of theirs; once the disk answers, it goes on, and what it wrote before is there', async () => {
    await ctl.prints('run', '--host', '--detach', '--name', 'before', '--', 'sh', '-c', `read line <"${gate}"; echo more`);
    await ctl.prints('run', '--host', '--detach', '--name', 'stuck', '--', 'python3', '-c', hangs());
    await hanging.untilRead();
    await others('after');
    go();
    expect(await ctl.prints('wait', 'before')).toBe('0\n');
    expect(await ctl.prints('logs', 'before')).toBe('more\n');
    await hanging.close();
    // It is refused then.
    expect(await ctl.prints('wait', 'stuck')).toBe('1\n');
    expect(await ctl.prints('logs', '--stream', 'stdout', 'stuck')).toBe('begin\n');
  });

  test('nor its own end, where it is a child that hangs', async () => {
    await ctl.prints('run', '--host', '--detach', '--name', 'stuck', '--', 'sh', '-c', `python3 -c '${hangs()}' & read line <"${gate}"; exit 3`);
    await hanging.untilRead();
    go();
    expect(await ctl.prints('wait', 'stuck')).toBe('3\n');
    await others('after');
  });

  test('nor a daemon that comes', async () => {
    await ctl.prints('run', '--host', '--detach', '--name', 'stuck', '--', 'python3', '-c', hangs());
    await hanging.untilRead();
    await host.restartDaemon('SIGKILL');
    await others('after');
    await hanging.close();
    expect(await ctl.prints('wait', 'stuck')).toBe('1\n');
  });

  test('nor those whose output goes to plain files of one file system, as its own does', async () => {
    const programs = new HostPrograms(host);
    const output = (name: string): string => readFileSync(host.own(name), 'utf8');
    const run = (name: string, args: readonly string[]) => programs.run(name, { args }, { stdout: `file://${host.own(name)}` });
    await run('stuck', ['python3', '-c', hangs()]);
    await hanging.untilRead();
    await run('other', ['seq', String(count)]);
    await programs.wait('other');
    expect(output('other') === counted).toBe(true);
    await hanging.close();
    expect((await programs.wait('stuck')).exit_status).toBe(1);
    expect(output('stuck')).toMatch(/^begin\nTraceback/);
    for (const name of ['stuck', 'other']) await programs.delete(name);
  });
});
