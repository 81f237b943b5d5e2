// What can only be seen in a process of its own: these bundle a small program, as the build does, and run it.
import { buildSync } from 'esbuild';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ChildReaper, type WaitStatus } from '../../../src/sys/process/children';
import { Scratch, pollerWithErrors } from './resources';

const ROOM = resolve(__dirname, '../../../src/sys');
const MODULES = resolve(__dirname, '../../../node_modules');

const WITH_DESCRIPTOR_77 = `
import os, sys
os.dup2(os.open("/dev/zero", os.O_RDONLY), 77, inheritable=True)
os.execv(sys.argv[1], sys.argv[1:])
`;

describe('in a process of its own', () => {
  let scratch: Scratch;
  let context: ReturnType<typeof pollerWithErrors>;
  let reaper: ChildReaper;

  beforeEach(() => {
    scratch = new Scratch();
    context = pollerWithErrors();
    context.poller.ref();
    reaper = new ChildReaper(context.poller);
  });

  afterEach(() => {
    reaper.close();
    context.poller.close();
    scratch.remove();
  });

  /** Runs a program to its end; `launcher` is a command to which Node and the program are appended. */
  async function run(source: string, launcher = ['/usr/bin/env']): Promise<{ status: WaitStatus; output: string }> {
    const outfile = scratch.file('program.cjs');
    const stdin = { contents: source, resolveDir: ROOM, loader: 'ts' } as const;
    buildSync({ stdin, outfile, bundle: true, platform: 'node', target: 'node20', external: ['koffi'] });
    const stdout = openSync(scratch.file('output'), 'w');
    const env = { ...(process.env as Record<string, string>), NODE_PATH: MODULES };
    const [file = '', ...args] = [...launcher, process.execPath, outfile];
    const child = reaper.spawn({ file, args, env, stdout, stderr: stdout });
    closeSync(stdout);
    return { status: await child.exited, output: readFileSync(scratch.file('output'), 'utf8') };
  }

  const DONE = { kind: 'exited', code: 0 };

  test('what a favoured thread starts is not favoured', async () => {
    const source = `
      import { getPriority } from 'node:os';
      import { writeSync } from 'node:fs';
      import { ChildReaper } from './process/children';
      import { Poller } from './poller';
      import { favourThisThread } from './process/scheduling';
      favourThisThread(-5);
      writeSync(1, getPriority() + ' ');
      const poller = new Poller(console.error);
      poller.ref();
      const reaper = new ChildReaper(poller);
      void reaper.spawn({ file: 'nice', args: [], stdout: 1 }).exited.then(() => { reaper.close(); poller.close(); });
    `;
    expect(await run(source)).toEqual({ status: DONE, output: '-5 0\n' });
  });

  // sched(7): with autogroups, nice values count within a session only.
  const sessionsCount = existsSync('/proc/self/autogroup');
  (sessionsCount ? test : test.skip)('one that leads its session favours it, and no session that it starts', async () => {
    const source = `
      import { readFileSync, writeSync } from 'node:fs';
      import { ChildReaper } from './process/children';
      import { Poller } from './poller';
      import { favourThisThread } from './process/scheduling';
      favourThisThread(-5);
      const niceOfSession = (file) => /nice (.*)/.exec(readFileSync(file, 'utf8'))[1];
      writeSync(1, niceOfSession('/proc/self/autogroup') + ' ');
      const poller = new Poller(console.error);
      poller.ref();
      const reaper = new ChildReaper(poller);
      void reaper.spawn({ file: 'sed', args: ['s/.*nice //', '/proc/self/autogroup'], stdout: 1, session: true })
        .exited.then(() => { reaper.close(); poller.close(); });
    `;
    const before = readFileSync('/proc/self/autogroup', 'utf8');
    expect(await run(source, ['/usr/bin/setsid', '--wait'])).toEqual({ status: DONE, output: '-5 0\n' });
    expect((await run(source)).output).not.toMatch(/^-5/);
    expect(readFileSync('/proc/self/autogroup', 'utf8')).toBe(before);
  });

  test('an open Poller with watches does not keep the process alive', async () => {
    const source = `
      import { Poller } from './poller';
      import { createEventFd } from './files/files';
      new Poller(console.error).watch(createEventFd(), { in: true }, () => undefined);
      const other = new Poller(console.error);
      other.ref();
      other.unref();
    `;
    expect(await run(source)).toEqual({ status: DONE, output: '' });
  });

  test('one that is referenced does, until it is closed', async () => {
    const source = `
      import { ChildReaper } from './process/children';
      import { Poller } from './poller';
      const poller = new Poller(console.error);
      poller.ref();
      const reaper = new ChildReaper(poller);
      void reaper.spawn({ file: 'sleep', args: ['0.1'] }).exited.then((status) => {
        console.log(status.kind);
        reaper.close();
        poller.close();
      });
    `;
    expect(await run(source)).toEqual({ status: DONE, output: 'exited\n' });
  });

  test('an unknown orphan is reaped at SIGCHLD', async () => {
    const source = `
      import { ChildReaper } from './process/children';
      import { Poller } from './poller';
      import { becomeSubreaper } from './process/process';
      becomeSubreaper();
      const poller = new Poller(console.error);
      poller.ref();
      const reaper = new ChildReaper(poller);
      reaper.onOrphan = (pid, status) => {
        console.log(JSON.stringify(status));
        reaper.close();
        poller.close();
      };
      void reaper.spawn({ file: 'sh', args: ['-c', '(sleep 0.1; exit 3) &'] });
    `;
    expect(await run(source)).toEqual({ status: DONE, output: '{"kind":"exited","code":3}\n' });
  });

  test('a descriptor that the process inherited goes no further', async () => {
    const source = `
      import { readlinkSync } from 'node:fs';
      import { ChildReaper } from './process/children';
      import { Poller } from './poller';
      console.log(readlinkSync('/proc/self/fd/77'));
      const poller = new Poller(console.error);
      poller.ref();
      const reaper = new ChildReaper(poller);
      const script = 'readlink /proc/self/fd/77';
      void reaper.spawn({ file: 'sh', args: ['-c', script], stdout: 1, stderr: 2 }).exited.then((status) => {
        console.log(JSON.stringify(status));
        reaper.close();
        poller.close();
      });
    `;
    const { output } = await run(source, ['python3', '-c', WITH_DESCRIPTOR_77]);
    expect(output).toBe('/dev/zero\n{"kind":"exited","code":1}\n');
  });
});
