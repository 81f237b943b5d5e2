import { version } from '../../../../package.json';
import { run } from '../../../../src/ctl/run';
import { FakeIo } from '../support/fake-io';
import { withDaemon } from './harness';

const world = withDaemon();

describe('version', () => {
  test('of both', async () => {
    const lines = [`Client: ${version}`, 'Daemon: 0.2.9 (abc)'];
    expect(await world.ctl('version')).toEqual({ status: 0, lines, errors: '' });
  });

  test('as JSON', async () => {
    const { lines } = await world.ctl('version', '--json');
    expect(JSON.parse(lines.join('\n'))).toEqual({ client: version, daemon: '0.2.9', revision: 'abc' });
  });

  test('its own, and 7, without a daemon', async () => {
    world.daemon.stop();
    expect(await world.ctl('version')).toMatchObject({ status: 7, lines: [`Client: ${version}`] });
  });
});

describe('pid', () => {
  test("the daemon's, from its socket", async () => {
    expect(await world.ctl('pid')).toEqual({ status: 0, lines: [String(process.pid)], errors: '' });
  });

  test('of containers; 0 and 7 where none runs; 1 for an unknown name', async () => {
    world.daemon.add('web', 'running', 53);
    world.daemon.add('old', 'stopped', 54);
    world.daemon.exit('older', 0);
    expect(await world.ctl('pid', 'web')).toMatchObject({ status: 0, lines: ['53'] });
    expect(await world.ctl('pid', 'all')).toMatchObject({ status: 7, lines: ['0', '53'] });
    expect(await world.ctl('pid', 'older')).toMatchObject({ status: 7, lines: ['0'] });
    expect(await world.ctl('pid', 'x')).toMatchObject({ status: 1, lines: ['No such process x'] });
  });

  test('without a daemon', async () => {
    world.daemon.stop();
    const { status, errors } = await world.ctl('pid');
    expect(status).toBe(7);
    expect(errors).toContain('no such file');
  });
});

describe('the command line', () => {
  test.each([[[]], [['frob']], [['status', '--frob']], [['stop']], [['stop', '-t', 'soon', 'web']], [['-s', 'tcp://x', 'pid']]])(
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
    expect(io.stdout.text).toContain('Usage: holdfastctl');
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
