import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { ClientStdio } from '../support/client-stdio';
import { Ctl } from '../support/ctl';
import { makeFifo } from '../support/fifo';
import { HangingFileSystem } from '../support/hanging-file-system';
import { HostPrograms } from '../support/host-programs';
import { untilLogged } from '../support/log-lines';
import { describeOnHost, realContainers } from '../support/requires';
import { killShims } from '../support/shims';
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
  let clients: ClientStdio[];
  const go = (at = gate): void => { writeFileSync(at, '\n'); };
  beforeEach(async () => {
    host = await TestHost.withDaemon();
    ctl = new Ctl(host);
    gate = host.own('gate');
    mkdirSync(host.own(''), { recursive: true });
    makeFifo(gate);
    hanging = await HangingFileSystem.withFile(host.own('disk'));
    clients = [];
  });
  afterEach(async () => {
    await hanging.close();
    for (const client of clients) client.close();
    await ctl.run('rm', '--force', 'all');
    ctl.close();
    await host.cleanUp();
  });

  const hangs = (at = hanging): string => `import os; os.write(1, b"begin\\n"); os.sendfile(1, os.open("${at.file}", os.O_RDONLY), 0, 4096)`;
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

  describe("whose output goes to a file, or to a client's FIFO", () => {
    const targets = ['file', 'fifo'] as const;
    type Target = (typeof targets)[number];
    /** Each has a disk of its own. */
    let disks: Readonly<Record<Target, HangingFileSystem>>;
    let outputs: ReadonlyMap<string, { readonly stdout: string; readonly read: () => Promise<string> }>;
    beforeEach(async () => {
      disks = { file: hanging, fifo: await HangingFileSystem.withFile(host.own('disk-2')) };
      const file = (name: string) => ({ stdout: `file://${host.own(name)}`, read: () => Promise.resolve(readFileSync(host.own(name), 'utf8')) });
      const fifo = (name: string) => {
        const client = new ClientStdio(host.own(`stdio-${name}`), false).open();
        clients.push(client);
        return { stdout: client.paths.stdout, read: () => client.stdout.untilEnd() };
      };
      const all = targets.flatMap((to) => ['stuck', 'other'].map((who) => [`${who}-${to}`, to === 'file' ? file(`${who}-${to}`) : fifo(`${who}-${to}`)] as const));
      outputs = new Map(all);
    });
    afterEach(() => disks.fifo.close());
    const run = (programs: HostPrograms, name: string, args: readonly string[]) => programs.run(name, { args }, { stdout: outputs.get(name)?.stdout ?? '' });
    const expectOutput = async (name: string, output: RegExp): Promise<void> => { expect(await outputs.get(name)?.read()).toMatch(output); };
    const expectOthers = async (programs: HostPrograms): Promise<void> => {
      await Promise.all(targets.map(async (to) => {
        const name = `other-${to}`;
        await run(programs, name, ['echo', 'hello']);
        expect((await programs.wait(name)).exit_status).toBe(0);
        await programs.delete(name);
        await expectOutput(name, /^hello\n$/);
      }));
    };
    const expectEnds = async (programs: HostPrograms, status: number): Promise<void> => {
      await Promise.all(targets.map(async (to) => {
        await disks[to].close();
        const name = `stuck-${to}`;
        expect((await programs.wait(name)).exit_status).toBe(status);
        await programs.delete(name);
        await expectOutput(name, /^begin\n/);
      }));
    };

    test('costs nobody their start and end, nor its own end where it is a child that hangs, nor a daemon that comes then', async () => {
      const programs = new HostPrograms(host);
      for (const to of targets) {
        makeFifo(`${gate}-${to}`);
        await run(programs, `stuck-${to}`, ['sh', '-c', `python3 -c '${hangs(disks[to])}' & read line <"${gate}-${to}"; exit 3`]);
        await disks[to].untilRead();
      }
      for (const to of targets) {
        go(`${gate}-${to}`);
        expect((await programs.wait(`stuck-${to}`)).exit_status).toBe(3);
      }
      await host.restartDaemon('SIGKILL');
      const again = new HostPrograms(host);
      await expectOthers(again);
      await expectEnds(again, 3);
    });

    test('nor a daemon that comes, whether the one before has died, or its shim and then itself', async () => {
      const programs = new HostPrograms(host);
      for (const to of targets) {
        await run(programs, `stuck-${to}`, ['python3', '-c', hangs(disks[to])]);
        await disks[to].untilRead();
      }
      await host.restartDaemon('SIGKILL');
      await killShims(host);
      for (const to of targets) {
        await untilLogged(host, ({ msg, id }) => msg === 'adopted by another shim' && String(id).endsWith(`stuck-${to}`), `the adoption of stuck-${to}`);
      }
      await host.restartDaemon('SIGKILL');
      const again = new HostPrograms(host);
      await expectOthers(again);
      await expectEnds(again, 1);
    });
  });
});
