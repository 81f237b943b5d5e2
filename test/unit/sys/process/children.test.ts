import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readlinkSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { constants, release } from 'node:os';
import { ChildReaper, exitStatusOf, decodeWaitStatus, type WaitStatus } from '../../../../src/sys/process/children';
import { SysError } from '../../../../src/sys/errors';
import { mkfifo } from '../../../../src/sys/files/files';
import { libc } from '../../../../src/sys/native';
import { becomeSubreaper, readProcStat } from '../../../../src/sys/process/process';
import { Scratch, countDescriptors, deferred, errorOf, forwardSignal, pollerWithErrors } from '../resources';

/** prctl(2). */
const PR_SET_CHILD_SUBREAPER = 36;

describe('wait status', () => {
  test.each([
    [0x0000, { kind: 'exited', code: 0 }, 0],
    [0x0300, { kind: 'exited', code: 3 }, 3],
    [0xff00, { kind: 'exited', code: 255 }, 255],
    [0x0009, { kind: 'signalled', signal: 9 }, 137],
    [0x008b, { kind: 'signalled', signal: 11 }, 139], // with a core dump
  ] as const)('%i', (raw, status, exitStatus) => {
    expect(decodeWaitStatus(raw)).toEqual(status);
    expect(exitStatusOf(decodeWaitStatus(raw))).toBe(exitStatus);
  });
});

describe('ChildReaper', () => {
  let scratch: Scratch;
  let before: number;
  let reaper: ChildReaper;
  let context: ReturnType<typeof pollerWithErrors>;

  beforeEach(async () => {
    before = await countDescriptors();
    scratch = new Scratch();
    context = pollerWithErrors();
    context.poller.ref();
    reaper = new ChildReaper(context.poller);
  });

  afterEach(async () => {
    reaper.close();
    reaper.close();
    context.poller.close();
    scratch.remove();
    expect(context.errors).toEqual([]);
    expect(await countDescriptors()).toBe(before);
  });

  function sh(script: string, ...args: string[]): string[] {
    return ['-c', script, 'sh', ...args];
  }

  /** Runs a script to its end and returns what it wrote. */
  async function outputOf(script: string, options: Partial<Parameters<ChildReaper['spawn']>[0]> = {}): Promise<string> {
    const stdout = openSync(scratch.file('output'), 'w');
    const child = reaper.spawn({ file: '/bin/sh', args: sh(script), stdout, ...options });
    closeSync(stdout);
    expect(await child.exited).toEqual({ kind: 'exited', code: 0 });
    return readFileSync(scratch.file('output'), 'utf8');
  }

  test('tells the exit code', async () => {
    const child = reaper.spawn({ file: '/bin/sh', args: sh('exit 7') });
    expect(await child.exited).toEqual({ kind: 'exited', code: 7 });
    child.kill(9); // gone: nothing happens
    expect(readProcStat(child.pid)).toBeUndefined();
  });

  test('tells the signal', async () => {
    const child = reaper.spawn({ file: '/bin/sleep', args: ['1000'] });
    child.kill(constants.signals.SIGTERM);
    expect(await child.exited).toEqual({ kind: 'signalled', signal: 15 });
  });

  test('reaps two hundred children that end at once', async () => {
    mkfifo(scratch.file('gate'), 0o600);
    const gate = openSync(scratch.file('gate'), 'r+');
    const children = Array.from({ length: 200 }, (_, index) =>
      reaper.spawn({ file: '/bin/sh', args: sh(`read line; exit ${index % 100}`), stdin: gate }),
    );
    writeFileSync(gate, '\n'.repeat(200));
    const statuses = await Promise.all(children.map((child) => child.exited));
    closeSync(gate);
    expect(statuses.map(exitStatusOf)).toEqual(children.map((_, index) => index % 100));
    expect(context.poller.size).toBe(0);
  });

  test('launches programs aside, and tells each its own end, however soon it comes', async () => {
    const launched = await Promise.all(
      Array.from({ length: 100 }, (_, index) => reaper.launch({ file: '/bin/sh', args: sh(`exit ${index}`) })),
    );
    const statuses = await Promise.all(launched.map((child) => child.exited));
    expect(statuses.map(exitStatusOf)).toEqual(launched.map((_, index) => index));
    expect(context.poller.size).toBe(0);
  });

  test('tells the end of a launched program that was reaped before its pid was known', async () => {
    const launched = reaper.launch({ file: '/bin/sh', args: sh('echo $$ >"$1"; exit 8', scratch.file('pid')) });
    // No turn of the loop, in which the pid could come, until it is a zombie and a signal that came before has had it reaped.
    const pid = (): number => (existsSync(scratch.file('pid')) ? Number(readFileSync(scratch.file('pid'), 'utf8')) : 0);
    while (pid() === 0 || readProcStat(pid())?.state !== 'Z');
    process.emit('SIGCHLD', 'SIGCHLD');
    expect(readProcStat(pid())).toBeUndefined();
    const child = await launched;
    expect(child.pid).toBe(pid());
    expect(await child.exited).toEqual({ kind: 'exited', code: 8 });
    child.kill(9); // gone: nothing happens
  });

  test('what is launched while it closes runs on, as all that it has started', async () => {
    const launching = reaper.launch({ file: '/bin/sleep', args: ['1000'] });
    reaper.close();
    const { pid } = await launching;
    expect(readProcStat(pid)).toMatchObject({ comm: 'sleep' });
    process.kill(pid, 'SIGKILL');
    // Nobody reaps for the closed one any more.
    while (libc.waitpid(pid, Buffer.alloc(4), 0) !== pid);
  });

  test('launching what is not there rejects with an error that names it', async () => {
    await expect(reaper.launch({ file: '/no/such/program', args: [] })).rejects.toMatchObject({ code: 'ENOENT', path: '/no/such/program' });
    await expect(reaper.launch({ file: '/bin/true', args: [], cwd: '/no/such/dir' })).rejects.toMatchObject({ path: '/no/such/dir' });
    await expect(reaper.launch({ file: '/bin/true', args: [], stdin: 9999 })).rejects.toMatchObject({ code: 'EBADF' });
  });

  test('a program that is not there, or not executable, is an error that names it', () => {
    const spawning = (file: string, cwd?: string) => () => reaper.spawn({ file, args: [], ...(cwd && { cwd }) });
    writeFileSync(scratch.file('data'), 'text', { mode: 0o644 });
    expect(errorOf(spawning('/no/such/program'))).toMatchObject({ code: 'ENOENT', path: '/no/such/program' });
    expect(spawning('/no/such/program')).toThrow('posix_spawn /no/such/program: no such file or directory');
    expect(errorOf(spawning('no-such-program'))).toMatchObject({ code: 'ENOENT', path: 'no-such-program' });
    expect(errorOf(spawning(scratch.file('data')))).toMatchObject({ code: 'EACCES' });
    expect(errorOf(spawning('/bin/true', '/no/such/dir'))).toMatchObject({ code: 'ENOENT', path: '/no/such/dir' });
    expect(() => reaper.spawn({ file: '/bin/true', args: ['a\0b'] })).toThrow(SysError);
    expect(errorOf(() => reaper.spawn({ file: '/bin/true', args: [], stdin: 9999 }))).toMatchObject({ code: 'EBADF' });
  });

  test('looks a name up in the PATH of the environment given', async () => {
    mkdirSync(scratch.file('bin'));
    writeFileSync(scratch.file('bin/shell'), 'not a program', { mode: 0o644 });
    expect(errorOf(() => reaper.spawn({ file: 'shell', args: [], env: { PATH: scratch.file('bin') } }))).toMatchObject({ code: 'EACCES', path: 'shell' });
    mkdirSync(scratch.file('other'));
    symlinkSync('/bin/sh', scratch.file('other/shell'));
    const env = { PATH: `/nowhere::${scratch.file('bin')}:${scratch.file('other')}` };
    expect(await outputOf('echo found', { file: 'shell', env })).toBe('found\n');
  });

  test('passes on working directory, environment, arguments and argv[0]', async () => {
    const real = realpathSync(scratch.path);
    expect(await outputOf('pwd', { cwd: scratch.path, env: {} })).toBe(`${real}\n`);
    expect(await outputOf('echo "$WORD"; env | wc -l', { env: { WORD: 'ü b\nc', PATH: '/bin:/usr/bin' } })).toMatch(
      /^ü b\nc\n/,
    );
    expect(await outputOf('', { args: sh('printf "%s|" "$@"', 'a b', '', '*') })).toBe('a b||*|');
    expect(await outputOf('', { args: ['-c', 'echo "$0"'], argv0: 'another' })).toBe('another\n');
  });

  test('inherits the environment by default', async () => {
    expect(await outputOf('echo "$PATH"')).toBe(`${process.env['PATH']}\n`);
  });

  test('nothing but the standard descriptors reaches the program, /dev/null for those not given', async () => {
    const extra = openSync('/dev/zero', 'r');
    const out = await outputOf('ls /proc/$$/fd; for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done');
    closeSync(extra);
    const links = ['/dev/null', `${realpathSync(scratch.path)}/output`, '/dev/null'];
    expect(out.trim().split('\n')).toEqual(['0', '1', '2', ...links]);
  });

  test('descriptors may stand in the way of each other', async () => {
    const one = openSync(scratch.file('one'), 'w');
    const script = 'echo out; echo err >&2';
    await reaper.spawn({ file: '/bin/sh', args: sh(script), stdout: one, stderr: one }).exited;
    expect(readFileSync(scratch.file('one'), 'utf8')).toBe('out\nerr\n');
    closeSync(one);
  });

  test('standard descriptors may be given crosswise', async () => {
    const own = [0, 1, 2].map((fd) => readlinkSync(`/proc/self/fd/${fd}`));
    // Collected first: a shell redirects its own descriptors for the time of a command.
    const links = 'links=$(for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done); echo "$links" >"$1"';
    const args = sh(links, scratch.file('links'));
    expect(await reaper.spawn({ file: '/bin/sh', args, stdin: 1, stdout: 2, stderr: 0 }).exited).toMatchObject({ code: 0 });
    expect(linesOf(scratch.file('links'))).toEqual([own[1], own[2], own[0]]);
    expect(await reaper.spawn({ file: '/bin/sh', args, stdin: 0, stdout: 1, stderr: 2 }).exited).toMatchObject({ code: 0 });
    expect(linesOf(scratch.file('links'))).toEqual(own);
  });

  test('signals are back to their defaults, none is blocked', async () => {
    const status = await outputOf('exec grep -E "^Sig(Blk|Ign)" /proc/self/status');
    expect(status).toBe('SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n');
  });

  test('a session or a process group of its own', async () => {
    const own = readProcStat(process.pid);
    const [plain, leader, group] = [{}, { session: true }, { processGroup: true }].map((options) =>
      reaper.spawn({ file: '/bin/sleep', args: ['1000'], ...options }),
    );
    const children = [plain, leader, group].filter((child) => child !== undefined);
    const stats = children.map((child) => readProcStat(child.pid));
    expect(stats).toMatchObject([
      { parentPid: process.pid, session: own?.session, processGroup: own?.processGroup },
      { session: leader?.pid, processGroup: leader?.pid },
      { session: own?.session, processGroup: group?.pid },
    ]);
    for (const child of children) child.kill(9);
    await Promise.all(children.map((child) => child.exited));
  });

  describe('as a subreaper', () => {
    let stopForwarding: () => void;

    beforeAll(() => {
      becomeSubreaper();
      stopForwarding = forwardSignal('SIGCHLD');
    });

    afterAll(() => {
      stopForwarding();
      // The test runner would go on as the parent of every orphan, and reaps none.
      libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
    });

    /**
     * Starts a shell that leaves a process behind and ends. Returns the pid of the orphan, which
     * must not end at once: the shell might still reap it.
     */
    async function orphan(script: string): Promise<number> {
      const output = await outputOf(`(${script}) </dev/null >/dev/null & echo $!`);
      return Number(output);
    }

    test('hears of an orphan that nobody asked for', async () => {
      const told = deferred<[number, WaitStatus]>();
      reaper.onOrphan = (pid, status) => told.resolve([pid, status]);
      mkfifo(scratch.file('gate'), 0o600);
      const pid = await orphan(`read line <${scratch.file('gate')}; exit 5`);
      expect(readProcStat(pid)?.parentPid).toBe(process.pid);
      writeFileSync(scratch.file('gate'), '\n');
      expect(await told.promise).toEqual([pid, { kind: 'exited', code: 5 }]);
    });

    test('watches a child of a child that has ended', async () => {
      const orphans: number[] = [];
      reaper.onOrphan = (pid) => orphans.push(pid);
      const pid = await orphan('exec sleep 1000');
      const told = deferred<WaitStatus>();
      reaper.watchChild(pid, told.resolve);
      expect(errorOf(() => reaper.watchChild(pid, told.resolve))).toMatchObject({ code: 'EEXIST' });
      process.kill(pid, 'SIGKILL');
      expect(await told.promise).toEqual({ kind: 'signalled', signal: 9 });
      expect(orphans).toEqual([]);
    });

    test('tells one that asks too late what the end was, in a later turn', async () => {
      const ended = deferred<number>();
      reaper.onOrphan = ended.resolve;
      mkfifo(scratch.file('gate'), 0o600);
      const pid = await orphan(`read line <${scratch.file('gate')}; exit 6`);
      writeFileSync(scratch.file('gate'), '\n');
      expect(await ended.promise).toBe(pid);
      const told: WaitStatus[] = [];
      const done = deferred<undefined>();
      reaper.watchChild(pid, (status) => {
        told.push(status);
        done.resolve(undefined);
      });
      expect(told).toEqual([]);
      await done.promise;
      expect(told).toEqual([{ kind: 'exited', code: 6 }]);
      expect(errorOf(() => reaper.watchChild(pid, () => undefined))).toMatchObject({ code: 'ESRCH' });
    });

    test('a process that its own parent reaps is told of as well', async () => {
      mkfifo(scratch.file('gate'), 0o600);
      mkfifo(scratch.file('pid'), 0o600);
      const script = '(read line <"$1"; exit 9) & echo $! >"$2"; wait; read line <"$1"';
      const child = reaper.spawn({ file: '/bin/sh', args: sh(script, scratch.file('gate'), scratch.file('pid')) });
      const pid = Number(await readFile(scratch.file('pid'), 'utf8'));
      const told = deferred<WaitStatus>();
      reaper.watchChild(pid, told.resolve);
      writeFileSync(scratch.file('gate'), '\n');
      const kernelTells = Number(release().split('.')[0]) * 100 + Number(release().split('.')[1]) >= 615;
      expect(await told.promise).toEqual({ kind: 'exited', code: kernelTells ? 9 : 255 });
      child.kill(9);
      await child.exited;
    });

    test('an exception of who is told goes to the poller, and the others are told', async () => {
      const failure = new Error('from a callback');
      const pids = [await orphan('exec sleep 1000'), await orphan('exec sleep 1000')];
      const told = deferred<WaitStatus>();
      const thrown = deferred<undefined>();
      reaper.watchChild(pids[0] ?? 0, () => {
        thrown.resolve(undefined);
        throw failure;
      });
      reaper.watchChild(pids[1] ?? 0, told.resolve);
      for (const pid of pids) process.kill(pid, 'SIGTERM');
      await Promise.all([thrown.promise, told.promise]);
      expect(context.errors.splice(0)).toEqual([failure]);
    });
  });

  test('after close nothing is started or watched, and children run on', async () => {
    const child = reaper.spawn({ file: '/bin/sleep', args: ['1000'] });
    reaper.close();
    expect(() => reaper.spawn({ file: '/bin/true', args: [] })).toThrow(SysError);
    expect(readProcStat(child.pid)?.state).not.toBe('Z');
    child.kill(9); // no longer ours to kill
    process.kill(child.pid, 'SIGKILL');
    const next = new ChildReaper(context.poller);
    const told = deferred<WaitStatus>();
    next.watchChild(child.pid, told.resolve);
    expect(await told.promise).toEqual({ kind: 'signalled', signal: 9 });
    next.close();
  });
});

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').trim().split('\n');
}
