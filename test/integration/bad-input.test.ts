import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';

import { failureOf } from '../support/failure';
import { treeBelow } from '../support/files';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';
import { expectUntouched, expectWorking } from '../support/untouched';

const run = { args: ['true'], cwd: '/', env: ['PATH=/bin'] };

/** Names that are no single path component: a title, and the name. */
const badNames: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['.', '.'],
  ['..', '..'],
  ['with a slash', 'a/b'],
  ['that climbs', '../../etc'],
  ['absolute', '/tmp/x'],
  ['with a NUL byte', 'a\0b'],
  ['of 256 bytes', 'x'.repeat(256)],
  ['of 256 bytes in 128 characters', 'é'.repeat(128)],
];

describeOnHost('bad input', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(async () => {
    await expectUntouched(host);
    await expectWorking(host);
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  test('an unknown container', async () => {
    const { client } = host;
    const calls = [
      client.state('ghost'),
      client.signal('ghost', 9),
      client.updateProcess({ id: 'ghost', pid: 'init', closeStdin: true }),
      client.addProcess({ id: 'ghost', pid: 'x', ...run }),
    ];
    for (const call of calls) {
      expect(await failureOf(call)).toMatchObject({ code: status.UNKNOWN, details: 'containerd: container not found' });
    }
  });

  test('an unknown process', async () => {
    await host.create('box', { args: ['sleep', '1000'] });
    const calls = [host.client.signal('box', 9, 'ghost'), host.client.updateProcess({ id: 'box', pid: 'ghost', width: 80, height: 24 })];
    for (const call of calls) {
      expect(await failureOf(call)).toMatchObject({ code: status.UNKNOWN, details: 'containerd: process not found for container' });
    }
    await host.end();
  });

  test.each(badNames)('a container id %s', async (_title, id) => {
    const bundlePath = host.bundle('bundle', { args: ['true'] });
    const before = treeBelow(host.directory);
    const { client } = host;
    const calls = [
      client.create({ id, bundlePath }),
      client.signal(id, 9),
      client.updateProcess({ id, pid: 'init', closeStdin: true }),
      client.addProcess({ id, pid: 'x', ...run }),
      ...(id === '' ? [] : [client.state(id)]),
    ];
    for (const call of calls) expect((await failureOf(call)).code).toBe(status.INVALID_ARGUMENT);
    expect(treeBelow(host.directory)).toEqual(before);
  });

  test.each(badNames)('a process name %s', async (_title, pid) => {
    await host.create('box', { args: ['sleep', '1000'] });
    const before = treeBelow(host.directory);
    const { client } = host;
    const calls = [
      client.addProcess({ id: 'box', pid, ...run }),
      client.signal('box', 9, pid),
      client.updateProcess({ id: 'box', pid, closeStdin: true }),
    ];
    for (const call of calls) expect((await failureOf(call)).code).toBe(status.INVALID_ARGUMENT);
    expect(treeBelow(host.directory)).toEqual(before);
    expect((await client.state('box')).containers[0]?.status).toBe('running');
    await host.end();
  });

  test('an id that the runtime would take for a flag', async () => {
    const error = await failureOf(host.create('--help', { args: ['true'] }));
    expect(error.details).not.toBe('');
  });

  test('an empty bundle path', async () => {
    expect((await failureOf(host.client.create({ id: 'x' }))).details).toBe('empty bundle path');
  });

  test('a bundle that is missing', async () => {
    const bundlePath = host.own('nowhere');
    const error = await failureOf(host.client.create({ id: 'x', bundlePath }));
    expect(error.details).toContain(bundlePath);
    expect(error.details).toContain('no such file or directory');
  });

  test('a bundle without config.json', async () => {
    const bundlePath = host.own('empty');
    mkdirSync(bundlePath);
    const error = await failureOf(host.client.create({ id: 'x', bundlePath }));
    expect(error.details).toContain(join(bundlePath, 'config.json'));
    expect(error.details).toContain('no such file or directory');
  });

  test.each([
    ['nothing', '', 'config.json'],
    ['broken JSON', '{"ociVersion": "1.0.0", ', 'config.json'],
    ['NUL bytes', '\0\0\0\0', 'config.json'],
    ['a list', '[]', 'config.json'],
    ['no process', '{"ociVersion":"1.0.0","root":{"path":"/"}}', 'process'],
    ['a process that is a number', '{"ociVersion":"1.0.0","process":7,"root":{"path":"/"}}', 'process'],
    ['no args', '{"ociVersion":"1.0.0","process":{"cwd":"/"},"root":{"path":"/"}}', 'args'],
    ['an empty args', '{"ociVersion":"1.0.0","process":{"cwd":"/","args":[]},"root":{"path":"/"}}', 'args'],
  ])('a config.json with %s', async (_title, text, named) => {
    const bundlePath = host.own('broken');
    mkdirSync(bundlePath);
    writeFileSync(join(bundlePath, 'config.json'), text);
    expect((await failureOf(host.client.create({ id: 'x', bundlePath }))).details).toContain(named);
  });

  test.each([
    ['nope', 'executable file not found'],
    ['/bin/nope', 'no such file or directory'],
    ['/etc/passwd', 'permission denied'],
  ])('the command %s: the runtime says %s', async (command, text) => {
    const events = await host.events();
    const error = await failureOf(host.create('x', { args: [command] }));
    expect(error.code).toBe(status.UNKNOWN);
    expect(error.details).toMatch(/^oci runtime error: /);
    expect(error.details).toContain(command);
    expect(error.details).toContain(text);
    await expectUntouched(host);
    await expectWorking(host, 'next');
    await events.untilExit('next');
    expect(events.linesOf('x')).toEqual([]);
  });

  test('stdio paths in a directory that is not there', async () => {
    const error = await failureOf(host.create('x', { args: ['true'] }, { stdout: host.own('nowhere/out') }));
    expect(error.details).toContain('no such file or directory');
  });

  test('a signal to a process that has just ended', async () => {
    const events = await host.events();
    await host.create('brief', { args: ['true'] });
    const outcome = await host.client.signal('brief', 15).then(
      () => 'sent',
      (error: { details: string }) => error.details,
    );
    expect(['sent', 'no such process', 'containerd: container not found', 'containerd: process not found for container']).toContain(outcome);
    expect((await events.untilExit('brief')).status).toBe(0);
  });
});
