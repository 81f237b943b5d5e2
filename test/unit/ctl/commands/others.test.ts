import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { version } from '../../../../package.json';
import { State } from '../../../../src/api/gen/holdfast/v1/containers';
import { run } from '../../../../src/ctl/program/run';
import { FakeIo } from '../support/fake-io';
import { withDaemon } from './harness';

const world = withDaemon();

/** Without a command, and with these lines in its stdin. */
async function piped(text: string): Promise<{ readonly status: number; readonly lines: readonly string[] }> {
  const io = new FakeIo();
  io.stdin.end(text);
  const status = await run(['--address', world.daemon.address], io);
  return { status, lines: io.lines };
}

describe('version', () => {
  test("the daemon's alone, as supervisorctl has it", async () => {
    expect(await world.ctl('version')).toEqual({ status: 0, lines: ['0.1.0-fake'], errors: '' });
  });

  test('as JSON', async () => {
    const { lines } = await world.ctl('version', '--json');
    expect(JSON.parse(lines.join('\n'))).toEqual({ client: version, daemon: '0.1.0-fake', pid: 1, started_at: '2016-08-29T10:47:00.000000000Z' });
  });

  test('7 without a daemon', async () => {
    world.daemon.stop();
    expect(await world.ctl('version')).toMatchObject({ status: 7, lines: [`${world.daemon.address} no such file`] });
  });
});

describe('why', () => {
  test('of several at once is refused, with their names; of none as ever', async () => {
    for (const name of ['web:web_00', 'web:web_01', 'web:web_02', 'web:web_03']) world.daemon.add(name);
    expect(await world.ctl('why', 'web')).toEqual({
      status: 2, lines: [], errors: 'holdfastctl: web means 4 processes, and why tells of one\n  They are web:web_00, web:web_01, web:web_02, …\n',
    });
    expect(await world.ctl('why', 'wbe')).toMatchObject({ status: 1, errors: expect.stringContaining('wbe: no such process') as string });
  });
});

describe('a call that the daemon does not know', () => {
  test('of one that is older', async () => {
    world.daemon.add('web');
    expect(await world.ctl('logs', 'web')).toEqual({
      status: 1,
      lines: [],
      errors: 'holdfastctl: the daemon (0.1.0-fake) does not know "logs"; it came with 0.2.0\n  Restart it as the newer version: its programs run on meanwhile.\n',
    });
  });

  test('of a gRPC server that is no Holdfast', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-other-'));
    const address = `unix://${join(directory, 'api.sock')}`;
    const server = new Server();
    await promisify(server.bindAsync.bind(server))(address, ServerCredentials.createInsecure());
    const io = new FakeIo();
    expect(await run(['-s', address, 'stop', 'web'], io)).toBe(4);
    expect(io.lines).toEqual([`${address} does not speak Holdfast's protocol`]);
    server.forceShutdown();
    rmSync(directory, { recursive: true });
  });
});

describe('pid', () => {
  test("the daemon's, from its socket", async () => {
    expect(await world.ctl('pid')).toEqual({ status: 0, lines: [String(process.pid)], errors: '' });
  });

  test('of containers; 0 and 7 where none runs; 1 for an unknown name', async () => {
    world.daemon.add('web');
    world.daemon.add('old', State.STOPPED);
    expect(await world.ctl('pid', 'web')).toMatchObject({ status: 0, lines: ['53'] });
    expect(await world.ctl('pid', 'all')).toMatchObject({ status: 0, lines: ['0', '53'] });
    expect(await world.ctl('pid', 'old', 'web')).toMatchObject({ status: 7, lines: ['0', '53'] });
    expect(await world.ctl('pid', 'old', 'x')).toMatchObject({ status: 1, lines: ['0', 'No such process x'] });
  });

  test('without a daemon', async () => {
    world.daemon.stop();
    const { status, lines } = await world.ctl('pid');
    expect(status).toBe(7);
    expect(lines).toEqual([`${world.daemon.address} no such file`]);
  });
});

describe('the command line', () => {
  test.each([[['frob']], [['status', '--frob']], [['stop', '-t', 'soon', 'web']], [['-s', 'tcp://x', 'pid']]])(
    '%j is 2',
    async (args) => {
      const io = new FakeIo();
      expect(await run(args, io)).toBe(2);
      expect(io.lines).toEqual([]);
      expect(io.stderr.text).not.toBe('');
    },
  );

  test.each([[['help']], [['--help']], [['help', 'stop']], [['stop', '--help']]])('%j is an answer', async (args) => {
    const io = new FakeIo();
    expect(await run(args, io)).toBe(0);
    expect(io.stdout.text).toMatch(/^(Usage: holdfastctl|Look +status)/);
    expect(io.stderr.text).toBe('');
  });

  test('the address from the environment', async () => {
    const io = new FakeIo();
    io.env['HOLDFAST_ADDRESS'] = world.daemon.address;
    expect(await run(['version'], io)).toBe(0);
  });

  test('the address after the command', async () => {
    expect(await run(['version', '--address', world.daemon.address], new FakeIo())).toBe(0);
  });
});

describe('near names and groups', () => {
  test('of a verb', async () => {
    expect(await world.ctl('stopp')).toMatchObject({ status: 2, lines: [], errors: expect.stringMatching(/^holdfastctl: there is no command "stopp"; did you mean stop\?\n/) as string });
  });

  test('no command, and no terminal: status', async () => {
    world.daemon.add('web');
    expect(await piped('')).toMatchObject({ status: 0, lines: [expect.stringMatching(/^web +RUNNING/)] });
  });

  test('lines that come through a pipe are run without a prompt, and the first failure counts', async () => {
    world.daemon.add('web');
    expect(await piped('pid web\n\npid x\nstop y\n')).toMatchObject({ status: 1, lines: ['53', 'No such process x', 'y: ERROR (no such process)'] });
    expect(await piped('pid web\nquit\npid x\n')).toMatchObject({ status: 0, lines: ['53'] });
  });

  test('every verb has a group, an example and its help', async () => {
    const { lines } = await world.ctl('help');
    const verbs = lines.slice(0, lines.indexOf('')).flatMap((line) => line.slice(10).split('  ')).filter((verb) => verb !== 'help');
    expect(verbs).toEqual(expect.arrayContaining(['status', 'ps', 'start', 'exec', 'version', 'bundle']));
    for (const verb of verbs) {
      const said = (await world.ctl(verb, '--help')).lines;
      expect(said.join('\n')).toContain(`Example:\n  holdfastctl ${verb}`);
      // Of the terminal that the test has.
      expect(said.filter((line) => line.length > 100)).toEqual([]);
    }
  });
});
