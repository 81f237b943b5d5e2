import Ajv2020 from 'ajv/dist/2020';

import { Ctl, type RunningCtl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

/** xterm's, as a program takes and gives back the whole screen. */
const otherScreen = '\u001b[?1049h';
const ownScreen = '\u001b[?1049l';

describeOnHost('holdfastctl top', realContainers, () => {
  let host: TestHost;
  let ctl: Ctl;
  beforeAll(async () => {
    host = await TestHost.withDaemon();
    ctl = new Ctl(host);
    for (const name of ['web', 'db']) await ctl.prints('run', '-d', '--name', name, '--host', '--memory', '64m', '--', 'sleep', '1000');
    await ctl.prints('run', '-d', '--name', 'done', '--host', '--', 'true');
    await ctl.prints('wait', 'done');
  });
  afterAll(() => ctl.cleanUp());

  /** A terminal's settings, top with its pid told, and the settings after it. */
  const between = (columns?: number): RunningCtl => ctl.shellOnTerminal(`stty -g; sh -c "echo pid=\\$\\$; exec ${ctl.commandLine('top')}"; echo "status=$?"; stty -g`, columns);
  const settings = /([0-9a-f]+:[0-9a-f]+:[0-9a-f:]+)\r$/gm;
  const settingsIn = (output: string): readonly string[] => [...output.replaceAll(/\u001b\[\?\d+[hl]/g, '').matchAll(settings)].map(([, text = '']) => text);

  test('one frame in a pipe: the machine, and a line for each that runs', async () => {
    expect(await ctl.prints('top', '--once')).toMatch(
      /^holdfast {2}\d\d:\d\d:\d\d {2}up .* {3}3 programs: 2 running, 1 exited {3}load \d+\.\d\d {2}memory \S+ \/ \S+\nNAME +CPU% +MEMORY +% +NET rx\/tx +DISK r\/w +PIDS +UPTIME +RESTARTS\ndb +\d+\.\d +\S+ \/ 64M +\d+ .*\nweb +.*\n$/,
    );
    expect(await ctl.run('top')).toMatchObject({ status: 2, stderr: 'holdfastctl: top needs a terminal, --once or --json\n' });
  });

  test('--json is as its schema says', async () => {
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(await ctl.prints('schema', 'top')) as object);
    const frame = JSON.parse(await ctl.prints('top', '--once', '--json')) as object;
    validate(frame);
    expect(validate.errors).toBeNull();
    expect(frame).toMatchObject({ states: { RUNNING: 2, EXITED: 1 }, programs: [{ name: 'db' }, { name: 'web' }] });
  });

  test('q leaves, and the terminal is as it was', async () => {
    const top = between();
    await top.printed('q quit');
    top.send('q');
    const { stdout } = await top.ended;
    expect(stdout).toContain('status=0');
    expect(stdout.indexOf(ownScreen)).toBeGreaterThan(stdout.indexOf(otherScreen));
    const [before, after] = settingsIn(stdout);
    expect(after).toBe(before);
  });

  test.each([['SIGTERM', 143], ['SIGINT', 130], ['SIGHUP', 129]] as const)('after %s, too', async (signal, status) => {
    const top = between();
    const pid = /pid=(\d+)/.exec(await top.printed('q quit'))?.[1];
    process.kill(Number(pid), signal);
    const { stdout } = await top.ended;
    expect(stdout).toContain(`status=${String(status)}`);
    expect(stdout).toContain(ownScreen);
    const [before, after] = settingsIn(stdout);
    expect(after).toBe(before);
  });

  test('Ctrl-Z gives the terminal back for as long as it is stopped', async () => {
    // Of a shell with job control: the others have none.
    const top = ctl.shellOnTerminal(`bash -ic "${ctl.commandLine('top')}; stty -g; echo stopped; fg; stty -g"`);
    await top.printed('q quit');
    top.send('\u001a');
    await top.printed('stopped');
    await top.printed(otherScreen, 2);
    top.send('q');
    const { stdout } = await top.ended;
    const [stopped, after] = settingsIn(stdout);
    expect(stopped).toMatch(/:/);
    expect(after).toBe(stopped);
  });

  test('keys: a filter, the story of one, a signal, a stop', async () => {
    const top = between(120);
    await top.printed('q quit');
    top.send('/we\r');
    await top.printed('(names with we)');
    top.send('\u001b[B\r');
    await top.printed('web is RUNNING');
    top.send(' ');
    await top.printed(otherScreen, 2);
    top.send('kCONT\r');
    await top.printed('web: signalled');
    top.send('x');
    await top.printed('web: stopped');
    top.send('q');
    expect((await top.ended).stdout).toContain('status=0');
    expect(await ctl.prints('start', 'web')).toBe('web: started\n');
  });

  test('a terminal that does not know its size', async () => {
    const top = between(0);
    await top.printed('q quit');
    top.send('q');
    const { stdout } = await top.ended;
    expect(stdout).toContain('db ');
    expect(stdout).toContain('status=0');
  });
});
