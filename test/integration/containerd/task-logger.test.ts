import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { failureOf } from '../../support/failure';
import { FifoWriter, makeFifo } from '../../support/fifo';
import { untilContains, untilExists } from '../../support/files';
import { processesNaming, waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import { killShims } from '../../support/shims';
import { TaskHost } from '../../support/task-host';
import type { TestHost } from '../../support/test-host';
import { upgradeShims } from '../../support/upgrade-shims';

const say = ['sh', '-c', 'echo out; echo err >&2'];
const echo = ['sh', '-c', 'while read line; do echo "out $line"; echo "err $line" >&2; done; exit 5'];
/** Copies both streams, each into a file of the directory that its second argument names, which are there once it says that it is ready, and says when it begins and ends. */
const copies = ': >"$2/out"; : >"$2/err"; exec 5>&-; cat <&3 >"$2/out" & cat <&4 >"$2/err"; wait';

describeOnHost('a program that reads the output of a task', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let tasks: TaskHost;
  let place: string;
  beforeEach(async () => {
    host = await shared.take();
    tasks = new TaskHost(host);
    place = host.own('a place');
    mkdirSync(place);
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  /** @returns the URI of a logger that does what the script says; its second argument is the place of its files */
  function logger(script = copies): string {
    const path = host.own('logger');
    const text = `#!/bin/sh\necho "$CONTAINER_NAMESPACE $CONTAINER_ID $1 $3" >"$2/started"\n${script}\necho ended >"$2/ended"\n`;
    writeFileSync(path, text, { mode: 0o755 });
    return `binary://${path}?place=${encodeURIComponent(place)}&flag`;
  }
  const said = (name: string): string => readFileSync(join(place, name), 'utf8');

  test('is told whose it is, reads both streams, and ends with its input, before Delete answers', async () => {
    const stdout = logger();
    await tasks.create('box', { args: say }, { stdout, stderr: stdout });
    expect(said('started')).toBe('tests box place flag\n');
    expect(await tasks.get('box')).toMatchObject({ stdout, stderr: stdout });
    await tasks.start('box');
    await tasks.wait('box');
    await tasks.delete('box');
    expect([said('out'), said('err'), said('ended')]).toEqual(['out\n', 'err\n', 'ended\n']);
  });

  test('of a task that is never started ends with its deletion', async () => {
    await tasks.create('box', { args: say }, { stdout: logger() });
    await tasks.delete('box');
    expect([said('out'), said('ended')]).toEqual(['', 'ended\n']);
  });

  test('is waited for until it says that it is ready', async () => {
    makeFifo(join(place, 'go'));
    const creating = tasks.create('box', { args: say }, { stdout: logger(`read word <"$2/go"; echo >&5; ${copies}`) });
    await untilExists(join(place, 'started'));
    const go = new FifoWriter(join(place, 'go'));
    expect(existsSync(join(`${host.stateDir}.holdfast`, 'runc', 'tests', 'box'))).toBe(false);
    await go.write('go\n');
    await creating;
    go.close();
    await tasks.start('box');
    await tasks.wait('box');
    await tasks.delete('box');
    expect(said('out')).toBe('out\n');
  });

  test('of an exec', async () => {
    await tasks.create('box', { args: ['sleep', '1000'] });
    await tasks.start('box');
    await tasks.exec('box', 'exec', say, { stdout: logger() });
    await tasks.start('box', 'exec');
    await tasks.wait('box', 'exec');
    await tasks.deleteExec('box', 'exec');
    await untilExists(join(place, 'ended'));
    expect([said('started'), said('out'), said('err')]).toEqual(['tests exec place flag\n', 'out\n', 'err\n']);
    await tasks.end('box');
  });

  test.each([['without', false], ['with', true]])('goes on %s a terminal when the shim goes on as another program and is killed, and when the daemon is', async (_, terminal) => {
    const stdio = host.stdio('box');
    const args = terminal ? ['sh', '-c', 'stty -echo -onlcr; echo up; while read line; do echo "out $line"; done; exit 5'] : echo;
    await tasks.create('box', { args, terminal }, { stdin: stdio.paths.stdin, stdout: logger(), terminal });
    await tasks.start('box');
    if (terminal) await untilContains(join(place, 'out'), 'up\n');
    await stdio.stdin.write('one\n');
    await untilContains(join(place, 'out'), 'out one\n');
    expect(await upgradeShims(host)).toBe(1);
    await killShims(host);
    await stdio.stdin.write('two\n');
    await untilContains(join(place, 'out'), 'out two\n');
    await host.restartDaemon('SIGKILL');
    tasks = new TaskHost(host);
    stdio.open();
    await stdio.stdin.write('three\n');
    await untilContains(join(place, 'out'), 'out three\n');
    await tasks.end('box');
    expect(said('ended')).toBe('ended\n');
    const lines = ['one', 'two', 'three'];
    expect(said('out')).toBe(`${terminal ? 'up\n' : ''}${lines.map((line) => `out ${line}\n`).join('')}`);
    expect(said('err')).toBe(terminal ? '' : lines.map((line) => `err ${line}\n`).join(''));
  });

  test('that does not end with its input is asked to, and Delete waits for it', async () => {
    await tasks.create('box', { args: say }, { stdout: logger('trap "echo term >\'$2/term\'; exit" TERM; exec 5>&-; while :; do sleep 0.1; done') });
    await tasks.start('box');
    await tasks.wait('box');
    await tasks.delete('box');
    expect(said('term')).toBe('term\n');
  });

  test('that cannot be executed, or ends before it is ready, is a clear error, and nothing is left', async () => {
    const nowhere = host.own('nowhere');
    await tasks.record('box', { args: say });
    const refusal = async (stdout: string) => (await failureOf(tasks.createTask('box', { stdout }))) as { readonly details: string };
    const words = 'failed to create shim task: failed to create init process I/O: failed to start binary process:';
    expect((await refusal(`binary://${nowhere}`)).details).toBe(`${words} fork/exec ${nowhere}: no such file or directory: unknown`);
    expect((await refusal(`binary://${host.directory}`)).details).toBe(`${words} fork/exec ${host.directory}: permission denied: unknown`);
    expect((await refusal(logger('exit 3'))).details).toBe(`${words} ${host.own('logger')} ended before it was ready: exit status 3: unknown`);
    const stdout = logger();
    expect(await failureOf(tasks.create('bad', { args: ['/no/such'] }, { stdout }))).toMatchObject({ code: 2 });
    await Promise.all(processesNaming(host.own('logger')).map(({ pid }) => waitForExit(pid)));
    expect(said('ended')).toBe('ended\n');
  });
});
