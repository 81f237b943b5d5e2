import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { AddProcessRequest } from '../../src/api/gen/legacy/api';
import { failureOf } from '../support/failure';
import { processOf } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';

const path = 'PATH=/bin';

describeOnHost('exec', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
    await host.create('box', { args: ['sleep', '1000'], env: ['SECRET=of the container'] });
  });
  afterEach(async () => {
    await host.end().finally(() => shared.giveBack());
  });
  afterAll(() => shared.close());

  /** Runs a script as process `name` and resolves with its output, its end having been told. */
  async function outputOf(name: string, script: string, request: Partial<AddProcessRequest> = {}): Promise<string> {
    const events = await host.events();
    const stdio = host.stdio(`box-${name}`);
    const args = ['sh', '-c', script];
    await host.client.addProcess({ id: 'box', pid: name, args, cwd: '/', env: [path], ...stdio.paths, ...request });
    await events.untilExit('box', name);
    events.close();
    return stdio.stdout.untilEnd();
  }

  test('runs beside the first process, is shown, signalled and told of', async () => {
    const events = await host.events();
    const stdio = host.stdio('side');
    const args = ['sh', '-c', 'echo up; read line'];
    const { systemPid } = await host.client.addProcess({ id: 'box', pid: 'side', args, cwd: '/', env: [path], ...stdio.paths });
    await stdio.stdout.until('up\n');
    expect(processOf(systemPid)?.commandLine).toBe(args.join(' '));
    const container = (await host.client.state('box')).containers[0];
    expect(container?.processes.map((one) => one.pid).sort()).toEqual(['init', 'side']);
    expect(container?.pids).toContain(systemPid);
    await host.client.signal('box', 15, 'side');
    expect((await events.untilExit('box', 'side')).status).toBe(143);
    expect(events.linesOf('box')).toEqual(['start-process side', 'exit side 143']);
    expect((await host.client.state('box')).containers[0]?.processes.map((one) => one.pid)).toEqual(['init']);
    expect(readdirSync(join(host.stateDir, 'box')).sort()).toEqual(['init', 'state.json']);
  });

  test('tells its exit status, and carries all three streams', async () => {
    const events = await host.events();
    const stdio = host.stdio('streams');
    const args = ['sh', '-c', 'cat; echo oops >&2; exit 11'];
    await host.client.addProcess({ id: 'box', pid: 'streams', args, cwd: '/', env: [path], ...stdio.paths });
    await stdio.stdin.write('in and out\n');
    await stdio.stdout.until('in and out\n');
    stdio.stdin.close();
    await host.client.updateProcess({ id: 'box', pid: 'streams', closeStdin: true });
    expect((await events.untilExit('box', 'streams')).status).toBe(11);
    expect(await stdio.stdout.untilEnd()).toBe('in and out\n');
    expect(await stdio.stderr.untilEnd()).toBe('oops\n');
  });

  test('the request is the whole truth: nothing comes from the container', async () => {
    const environment = await outputOf('env', 'env', { env: [path, 'OWN=value'] });
    expect(environment).toContain('OWN=value\n');
    expect(environment).not.toContain('SECRET');
    expect(await outputOf('cwd', 'pwd', { cwd: '/tmp' })).toBe('/tmp\n');
    expect(await outputOf('nobody', 'id -u; id -g')).toBe('0\n0\n');
    const user = { uid: 1000, gid: 1000, additionalGids: [7, 8] };
    expect(await outputOf('user', 'id -u; id -g; id -G', { user })).toBe('1000\n1000\n1000 7 8\n');
  });

  test('one list of capabilities fills four sets, and leaves the ambient one empty', async () => {
    const sets = await outputOf('caps', 'grep ^Cap /proc/self/status', { capabilities: ['CAP_KILL'] });
    const only = '0000000000000020';
    expect(Object.fromEntries(sets.trim().split('\n').map((line) => line.split(/:\s+/)))).toEqual({
      CapInh: only,
      CapPrm: only,
      CapEff: only,
      CapBnd: only,
      CapAmb: '0000000000000000',
    });
  });

  test('limits arrive digit for digit', async () => {
    const rlimits = [
      // Not RLIMIT_NOFILE: the runtime's own Go library raises its soft limit behind its back.
      { type: 'RLIMIT_SIGPENDING', soft: 100n, hard: 200n },
      { type: 'RLIMIT_CORE', soft: 18446744073709551615n, hard: 18446744073709551615n },
    ];
    expect(await outputOf('limits', 'ulimit -Si; ulimit -Hi; ulimit -c', { rlimits })).toBe('100\n200\nunlimited\n');
  });

  test('a name is free again the moment its exit is seen, and refused while it runs', async () => {
    const events = await host.events();
    for (let round = 0; round < 10; round += 1) {
      const from = events.position;
      const args = ['sh', '-c', `exit ${String(round)}`];
      await host.client.addProcess({ id: 'box', pid: 'again', args, cwd: '/', env: [path] });
      expect((await events.untilExit('box', 'again', { from })).status).toBe(round);
    }
    const request = { id: 'box', pid: 'taken', args: ['sleep', '1000'], cwd: '/', env: [path] };
    const { systemPid } = await host.client.addProcess(request);
    expect((await failureOf(host.client.addProcess(request))).details).not.toBe('');
    expect((await failureOf(host.client.addProcess({ ...request, pid: 'init' }))).details).not.toBe('');
    expect(processOf(systemPid)).toBeDefined();
  });

  test('twenty at once, each with its own status', async () => {
    const events = await host.events();
    const names = Array.from({ length: 20 }, (_, index) => `p${String(index)}`);
    await Promise.all(
      names.map((pid, index) => host.client.addProcess({ id: 'box', pid, args: ['sh', '-c', `exit ${String(index)}`], cwd: '/', env: [path] })),
    );
    for (const [index, name] of names.entries()) {
      expect((await events.untilExit('box', name)).status).toBe(index);
      const own = events.linesOf('box').filter((line) => line.includes(` ${name}`) && line.split(' ')[1] === name);
      expect(own).toEqual([`start-process ${name}`, `exit ${name} ${String(index)}`]);
    }
  });

  test('a child that keeps the output open does not hold up the exit of its parent', async () => {
    const events = await host.events();
    const stdio = host.stdio('keeps');
    const args = ['sh', '-c', 'sleep 1000 & echo done'];
    await host.client.addProcess({ id: 'box', pid: 'keeps', args, cwd: '/', env: [path], ...stdio.paths });
    expect((await events.untilExit('box', 'keeps')).status).toBe(0);
    expect(await stdio.stdout.until('done\n')).toBe('done\n');
    await host.end();
    expect(await stdio.stdout.untilEnd()).toBe('done\n');
  });

  test('the exits of all processes are told before that of the container', async () => {
    const events = await host.events();
    for (const pid of ['a', 'b', 'c']) await host.client.addProcess({ id: 'box', pid, args: ['sleep', '1000'], cwd: '/', env: [path] });
    await host.client.signal('box', 9);
    await events.untilExit('box');
    const exits = events.linesOf('box').filter((line) => line.startsWith('exit'));
    expect(exits.slice(0, 3).sort()).toEqual(['exit a 137', 'exit b 137', 'exit c 137']);
    expect(exits[3]).toBe('exit init 137');
    expect(exits).toHaveLength(4);
  });

  test.each([
    ['nope', 'executable file not found'],
    ['/bin/nope', 'no such file or directory'],
    ['/etc/passwd', 'permission denied'],
  ])('the command %s: the runtime says %s, and nothing is left or told of it', async (command, text) => {
    const events = await host.events();
    const error = await failureOf(host.client.addProcess({ id: 'box', pid: 'bad', args: [command], cwd: '/', env: [path] }));
    expect(error.code).toBe(2);
    expect(error.details).toMatch(/^oci runtime error: /);
    expect(error.details).toContain(command);
    expect(error.details).toContain(text);
    expect(readdirSync(join(host.stateDir, 'box')).sort()).toEqual(['init', 'state.json']);
    await host.client.addProcess({ id: 'box', pid: 'good', args: ['true'], cwd: '/', env: [path] });
    await events.untilExit('box', 'good');
    expect(events.linesOf('box')).toEqual(['start-process good', 'exit good 0']);
  });

  test('without an id or a name it is refused in the words of the original', async () => {
    const request = { args: ['true'], cwd: '/', env: [path] };
    expect((await failureOf(host.client.addProcess({ ...request, pid: 'x' }))).details).toBe('container id cannot be empty');
    expect((await failureOf(host.client.addProcess({ ...request, id: 'box' }))).details).toBe('process id cannot be empty');
  });
});
