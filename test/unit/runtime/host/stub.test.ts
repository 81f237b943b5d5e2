import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';

import type { ProcessSpec } from '../../../../src/runtime/bundle/process-spec';
import { quote, splitEnvironment } from '../../../../src/runtime/host/environment';
import { settersOf } from '../../../../src/runtime/host/setters';
import { type StubRequest, stubCommand, toldStub } from '../../../../src/runtime/host/stub';

const spec: ProcessSpec = { args: ['serve', '--port', '80'], cwd: '/srv', user: { uid: 0, gid: 0 }, env: ['PATH=/bin:/sbin', 'A=1'] };
const request: StubRequest = {
  spec,
  cgroupEntries: ['/sys/fs/cgroup/pids/holdfast/it\'s/tasks'],
  pidFile: '/run/pid',
  startFifo: '/run/start',
  readyFifo: '/run/ready',
  environmentFile: '/run/env',
  errorsFile: '/run/errors',
};

/** Without NUL, which no word has. */
const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));

/** Until this process ends. */
function openedWith(directory: string, text: string): number {
  const path = join(directory, 'input');
  writeFileSync(path, text);
  return openSync(path, 'r');
}

describe('the command line of a host program', () => {
  test('is one shell where nothing is asked for, with the program\'s words as they are', () => {
    const { file, args, environment, forks } = stubCommand(request);
    expect([file, args[0], ...args.slice(2)]).toEqual(['/bin/sh', '-c', 'holdfast', '--pid-file', '/run/pid', '/srv', '022', 'serve', '/bin:/sbin', 'serve', '--port', '80']);
    expect(args[1]).not.toMatch(/setpriv|prlimit|unshare|serve/);
    expect(args[1]).toContain('echo 0 >\'/sys/fs/cgroup/pids/holdfast/it\'\\\'\'s/tasks\' || exit 125');
    expect(environment).toBe('export PATH=\'/bin:/sbin\'\nexport A=\'1\'\n');
    expect(forks).toBe(false);
  });

  test('comes up while its cgroup is made, and goes nowhere where whoever makes that has died', () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-stub-'));
    try {
      const tasks = join(directory, 'tasks');
      const { file, args } = stubCommand({ ...request, cgroupEntries: [tasks], errorsFile: join(directory, 'errors') });
      const stub = (input: string) => spawnSync(file, args, { stdio: ['ignore', 'ignore', 'ignore', openedWith(directory, input)] }).status;
      expect(stub('')).toBe(125);
      expect(existsSync(tasks)).toBe(false);
      // Nor on without the FIFO that it is to wait on.
      expect(stub('go\n')).toBe(125);
      expect(readFileSync(tasks, 'utf8')).toBe('0\n');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('is told to a shell that waits, its words and its descriptors first, and what is in the cgroup once that is there', () => {
    const stdio = [{ fd: 0, open: 'read', ofTeller: 30 }, { fd: 1, open: 'both', ofTeller: 31 }, { fd: 2, open: 'write', ofTeller: 32 }] as const;
    const { beginning, rest } = toldStub(request, 77, stdio);
    expect(beginning.split('\n')).toEqual([
      'set -- \'--pid-file\' \'/run/pid\' \'/srv\' \'022\' \'serve\' \'/bin:/sbin\' \'serve\' \'--port\' \'80\'',
      'exec 0</proc/77/fd/30', 'exec 1<>/proc/77/fd/31', 'exec 2>/proc/77/fd/32', 'exec 5>&2 2>>\'/run/errors\'', '',
    ]);
    expect(stubCommand(request).args[1]).toBe(`exec 5>&2 2>>'/run/errors'\nread -r go <&3 || exit 125\n${rest.slice(0, -1)}`);
  });

  test('executes what sets users and limits one after the other, and only then what the environment may reach', () => {
    const asked = { ...spec, user: { uid: 5, gid: 6 }, rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 18446744073709551615n }] };
    const script = stubCommand({ ...request, spec: asked }).args[1] ?? '';
    const order = ['/tasks', '\'prlimit\' \'--core=0:unlimited\' \'--\' \'setpriv\' \'--reuid=5\' \'--regid=6\' \'--clear-groups\' \'--\'', 'echo ready', '. /proc/self/fd/6', 'exec "$@"'];
    const places = order.map((part) => script.indexOf(part));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  test('mounts of its own are made before anything is given up, and in the pid namespace, where it has one', () => {
    const mounts = { inMemory: [{ at: '/tmp', options: ['mode=1777'] }], readOnlyPaths: ['/it\'s'] };
    const asked = { ...spec, user: { uid: 5, gid: 6 } };
    const script = (hasPid: boolean): string => stubCommand({ ...request, spec: asked, namespaces: { are: 'new', hasPid, mounts } }).args[1] ?? '';
    expect(script(false)).toMatch(/exec 'unshare' '--mount' '--propagation' 'slave' '--' '\/bin\/sh' '-c' '[^]*seal [^]*mount -t tmpfs -o mode=1777 tmpfs [^]*'holdfast-mounts' 'setpriv'/);
    expect(script(true)).toContain('exec \'unshare\' \'--pid\' \'--fork\' \'--mount\' \'--propagation\' \'slave\' \'--mount-proc\' \'--\' \'setsid\' \'/bin/sh\'');
  });

  test('an exec enters the namespaces of the program', () => {
    const joined = stubCommand({ ...request, namespaces: { are: 'joined', pid: 123, hasPid: false } });
    expect(joined.args[1]).toContain('exec \'nsenter\' \'--target\' \'123\' \'--mount\' \'--\' /bin/sh -c');
    expect(joined.forks).toBe(false);
    const { args, forks } = stubCommand({ ...request, namespaces: { are: 'joined', pid: 123, hasPid: true }, terminal: '/dev/pts/7' });
    expect(args[1]).toContain('exec \'nsenter\' \'--target\' \'123\' \'--pid\' \'--mount\' \'--\' \'setsid\' \'--ctty\' /bin/sh -c');
    expect(forks).toBe(true);
  });

  test.each([
    [{ rlimits: [{ type: 'RLIMIT_WORDS', soft: 1, hard: 1 }] }, 'unknown limit "RLIMIT_WORDS"'],
    [{ capabilities: { bounding: ['CAP_KILL,+all'] } }, 'unknown capability "CAP_KILL,+all"'],
    [{ scheduler: { policy: 'SCHED_FIFO', priority: 5 } }, 'SCHED_OTHER with a nice of -20 to 19'],
    [{ scheduler: { policy: 'SCHED_OTHER', nice: 20 } }, 'SCHED_OTHER with a nice of -20 to 19'],
  ])('what no program can set is refused: %j', (more, words) => {
    expect(() => settersOf({ ...spec, ...more })).toThrow(words);
  });
});

describe('the environment of a host program', () => {
  test('of names that a shell cannot export, or has itself, env(1) is told', () => {
    expect(splitEnvironment(['a.b=1', 'IFS=x', '_=y', 'B=2', 'B=3', '=none', 'none', 'C='])).toEqual({ file: 'export B=\'3\'\nexport C=\'\'\n', odd: ['a.b=1', 'IFS=x', '_=y'] });
  });

  test('a shell reads of it what was written, whatever it is', () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-environment-'));
    try {
      const file = join(directory, 'environment');
      fc.assert(fc.property(word, (value) => {
        writeFileSync(file, splitEnvironment([`VALUE=${value}`]).file);
        expect(execFileSync('/bin/sh', ['-c', `. ${quote(file)}; printf %s "$VALUE"`], { encoding: 'utf8' })).toBe(value);
      }), { numRuns: 50 });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
