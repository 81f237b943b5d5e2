import type { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedCtl } from '../../support/shared-ctl';
import type { TestHost } from '../../support/test-host';

const detachKeys = '\x10\x11';

describeOnHost('holdfastctl fg', realContainers, () => {
  const shared = new SharedCtl();
  let host: TestHost;
  let ctl: Ctl;
  let name: string;
  beforeEach(async () => {
    ({ host, ctl, name } = await shared.take());
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  test('what it refuses, in supervisorctl\'s words', async () => {
    await ctl.says('run', '-d', '--name', name, '--host', '--', 'true');
    await ctl.prints('wait', name);
    const refusals: readonly (readonly [readonly string[], string])[] = [
      [[], 'no process name supplied'], [['nosuch'], 'bad process name supplied'], [[name], 'process not running'], [[name, 'other'], 'too many process names supplied'],
    ];
    for (const [args, words] of refusals) expect(await ctl.run('fg', ...args)).toMatchObject({ status: 1, stdout: `ERROR: ${words}\n` });
  });

  test('shows what comes, over a restart of the daemon, and ends with the program', async () => {
    // It says something all the time, so that it can be seen to be joined before the daemon is killed.
    const script = 'trap go=1 USR1; while [ -z "$go" ]; do echo again; sleep 0.05; done; seq 1000; echo end >&2; exit 7';
    await ctl.says('run', '-d', '--name', name, '--host', '--', 'sh', '-c', script);
    const fg = ctl.start('fg', name);
    await fg.printed('again\n');
    await host.restartDaemon('SIGKILL');
    await ctl.says('signal', 'USR1', name);
    const { status, stdout, stderr } = await fg.ended;
    expect({ status, stderr }).toEqual({ status: 7, stderr: 'end\n' });
    expect(stdout.replace(/^(again\n)+/, '') === Array.from({ length: 1000 }, (_, index) => `${String(index + 1)}\n`).join('')).toBe(true);
  });

  test('at Ctrl-C, and at the end of its input, it leaves at once, and the program runs on', async () => {
    await ctl.says('run', '-d', '--name', name, '--host', '--', 'sh', '-c', 'while :; do echo again; sleep 0.05; done');
    const fg = ctl.start('fg', name);
    await fg.printed('again\n');
    fg.kill('SIGINT');
    const { status, stdout } = await fg.ended;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^(again\n)+Exiting foreground\n$/);
    expect(await ctl.run('fg', name)).toMatchObject({ status: 0, stdout: expect.stringMatching(/Exiting foreground\n$/) as string });
    expect(await ctl.says('status', name)).toMatch(/RUNNING/);
  });

  test('a terminal: its size, what is typed, also to the next daemon, detaching and coming back', async () => {
    await ctl.says('run', '-d', '-t', '--name', name, '--host', '--', 'sh');
    const first = ctl.startOnTerminal('fg', name);
    // Until it is joined, what is typed waits here.
    // Its size comes by another FIFO, and either may be read first.
    first.send('echo "is $((1 + 1))"; until [ "$(stty size 2>/dev/null)" = "30 90" ]; do sleep 0.05; done; echo "size"d\r');
    await first.printed('is 2');
    await first.printed('sized');
    await host.restartDaemon('SIGKILL');
    first.send('echo "is $((2 + 2))"\r');
    await first.printed('is 4');
    first.send(detachKeys);
    expect(await first.ended).toMatchObject({ status: 0, stdout: expect.stringContaining(`detached; ${name} runs on (holdfastctl fg ${name})`) as string });
    const second = ctl.startOnTerminal('attach', name);
    second.send('echo "is $((3 + 3))"; exit 5\r');
    await second.printed('is 6');
    expect((await second.ended).status).toBe(5);
  });

  test('one that was run joined to a terminal and left is joined again', async () => {
    const run = ctl.startOnTerminal('run', '-t', '--name', name, '--host', '--', 'sh');
    run.send('echo "is $((1 + 1))"\r');
    await run.printed('is 2');
    run.send(detachKeys);
    expect((await run.ended).stdout).toContain(`detached; ${name} runs on (holdfastctl fg ${name})`);
    const again = ctl.startOnTerminal('fg', name);
    again.send('echo "is $((2 + 2))"; exit 6\r');
    await again.printed('is 4');
    expect((await again.ended).status).toBe(6);
    expect(ctl.fifoDirectories).toEqual([]);
  });

  test('one whose client was killed runs on, and who joins it goes on where that client was', async () => {
    // Far more than a pipe holds: it is kept.
    const script = `trap 'go=$((go + 1))' USR1; go=0; echo there; while [ $go -lt 1 ]; do sleep 0.05; done; seq 300000; while [ $go -lt 2 ]; do sleep 0.05; done; echo end >&2; exit 7`;
    const run = ctl.start('run', '--name', name, '--host', '--', 'sh', '-c', script);
    await run.printed('there\n');
    run.kill('SIGKILL');
    expect((await run.ended).status).toBe(137);
    await ctl.says('signal', 'USR1', name);
    const fg = ctl.start('fg', name);
    fg.endInput();
    await fg.printed('\n300000\n');
    await ctl.says('signal', 'USR1', name);
    const { status, stdout, stderr } = await fg.ended;
    expect({ status, stderr }).toEqual({ status: 7, stderr: 'end\n' });
    const counted = Array.from({ length: 300_000 }, (_, index) => `${String(index + 1)}\n`).join('');
    // What it was killed over, before it could say that it had it, comes again.
    expect(stdout.replace(/^there\n/, '') === counted).toBe(true);
    expect(await ctl.run('logs', name)).toMatchObject({ stdout: `there\n${counted}`, stderr: 'end\n' });
    expect(ctl.fifoDirectories).toEqual([]);
  });
});
