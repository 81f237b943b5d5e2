import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';

import { APIService } from '../../../src/api/gen/legacy/api';
import { LegacyConnection } from '../../legacy-client/wire';
import { failureOf } from '../../support/failure';
import { untilLogged } from '../../support/log-lines';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import type { TestHost } from '../../support/test-host';

const me = `pid ${String(process.pid)} uid ${String(process.getuid?.())}`;
const forged = { 'holdfast-peer': 'pid 1 uid 4711' };

function modeOf(path: string): string {
  return modeIn(lstatSync(path));
}

function modeIn(stats: Stats): string {
  return (stats.mode & 0o7777).toString(8);
}

/** Every plain file below a directory, with its mode. One that is being written under another name may be gone by now. */
function fileModes(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.flatMap((name) => {
    const stats = lstatSync(join(directory, name), { throwIfNoEntry: false });
    return stats?.isFile() === true ? [`${modeIn(stats)} ${name}`] : [];
  });
}

describeOnHost('who may connect, and to what', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  test.each([
    ['of old, by its repaired connection', undefined, {}],
    ['of old that claims to be another', undefined, forged],
    ['of today, by its socket', 'localhost', {}],
    ['of today that claims to be another', 'localhost', forged],
  ])('a changing request is logged with who asked: a client %s', async (_title, authority, extra) => {
    const connection = new LegacyConnection(host.socketPath, authority, extra);
    for (const id of ['one', 'two']) {
      const request = APIService.signal.requestDeserialize(Buffer.alloc(0));
      await connection.unary(APIService.signal, { ...request, id, pid: 'init', signal: 9 }).catch(() => undefined);
      const line = await untilLogged(host, (entry) => entry.msg === 'request' && entry['id'] === id, `the request of ${id}`);
      expect(line['peer']).toBe(me);
    }
    connection.close();
  });

  test('the socket is for root alone', () => {
    expect(modeOf(host.socketPath)).toBe('600');
  });

  test('with a group, the socket is for root and that group', async () => {
    await host.restartDaemon('SIGTERM', { flags: ['--socket-group=4711'] });
    expect(modeOf(host.socketPath)).toBe('660');
    expect(lstatSync(host.socketPath)).toMatchObject({ uid: 0, gid: 4711 });
  });

  test('the state directory can be passed through and not listed, and its files are for root alone', async () => {
    await host.create('box', { args: ['sleep', '1000'] });
    await host.client.addProcess({ id: 'box', pid: 'extra', args: ['sleep', '1000'], cwd: '/', env: ['PATH=/bin'] });
    expect([host.stateDir, join(host.stateDir, 'box'), join(host.stateDir, 'box', 'init')].map(modeOf)).toEqual(['711', '711', '711']);
    expect(fileModes(host.stateDir).filter((line) => !line.startsWith('600 '))).toEqual([]);
    await host.end();
  });

  test('an event database that others could read is closed to them at the next start', async () => {
    await host.stopDaemon('SIGTERM');
    const path = join(host.stateDir, 'holdfast-events.db');
    chmodSync(path, 0o644);
    await host.startDaemon();
    expect(modeOf(path)).toBe('600');
  });

  test('relative paths are refused', async () => {
    const bundlePath = host.bundle('x', { args: ['true'] });
    const { client } = host;
    const spec = { args: ['true'], cwd: '/', env: ['PATH=/bin'] };
    const calls = [
      client.create({ id: 'x', bundlePath: 'bundles/x' }),
      ...['stdin', 'stdout', 'stderr'].map((field) => client.create({ id: 'x', bundlePath, [field]: 'fifo' })),
      client.create({ id: 'x', bundlePath, checkpoint: 'c', checkpointDir: 'checkpoints' }),
      ...['stdin', 'stdout', 'stderr'].map((field) => client.addProcess({ id: 'x', pid: 'p', ...spec, [field]: './fifo' })),
      client.createCheckpoint({ id: 'x', checkpoint: { name: 'c' }, checkpointDir: '../c' } as never),
      client.deleteCheckpoint('x', 'c', 'checkpoints'),
      client.listCheckpoints('x', 'checkpoints'),
    ];
    for (const call of calls) {
      const error = await failureOf(call);
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('must be an absolute path') as string });
    }
  });

  test('a container id that a runtime would take for a flag is refused in every request', async () => {
    const bundlePath = host.bundle('x', { args: ['true'] });
    const { client } = host;
    for (const id of ['-', '-f', '--help']) {
      const calls = [
        client.create({ id, bundlePath }),
        client.state(id),
        client.signal(id, 9),
        client.updateProcess({ id, pid: 'init', closeStdin: true }),
        client.addProcess({ id, pid: 'p', args: ['true'], cwd: '/' }),
        client.createCheckpoint({ id, checkpoint: { name: 'c' } } as never),
        client.deleteCheckpoint(id, 'c', ''),
        client.listCheckpoints(id, ''),
      ];
      for (const call of calls) {
        expect(await failureOf(call)).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('starts with a dash') as string });
      }
    }
  });
});
