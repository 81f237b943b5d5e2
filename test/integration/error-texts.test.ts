import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';

import { writeFakeRuntime } from '../support/fake-runtime';
import { failureOf } from '../support/failure';
import { untilExists } from '../support/files';
import { allProcesses } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import { TestHost } from '../support/test-host';
import { expectUntouched, expectWorking } from '../support/untouched';

const sleeping = { args: ['sleep', '1000'] };

/** The texts that clients look for, each as the daemon says it: code UNKNOWN, and these words. */
describeOnHost('the words of an error', realContainers, () => {
  let host: TestHost;

  const detailsOf = async (call: Promise<unknown>): Promise<string> => {
    const error = await failureOf(call);
    expect(error.code).toBe(status.UNKNOWN);
    return error.details;
  };

  describe('of requests', () => {
    const shared = new SharedHost();
    beforeEach(async () => {
      host = await shared.take();
    });
    afterEach(async () => {
      await expectUntouched(host);
      await shared.giveBack();
    });
    afterAll(() => shared.close());

    test('an unknown container, whatever is asked of it', async () => {
      const run = { args: ['true'], cwd: '/', env: ['PATH=/bin'] };
      const calls = [
        host.client.state('ghost'),
        host.client.stats('ghost'),
        host.client.signal('ghost', 9),
        host.client.updateProcess({ id: 'ghost', pid: 'init', closeStdin: true }),
        host.client.updateContainer({ id: 'ghost', pid: 'init', status: 'paused' }),
        host.client.updateContainer({ id: 'ghost', pid: 'init', status: 'running' }),
        host.client.addProcess({ id: 'ghost', pid: 'x', ...run }),
        host.client.createCheckpoint({ id: 'ghost', checkpoint: { name: 'c', exit: false, tcp: false, unixSockets: false, shell: false, emptyNS: [] } }),
      ];
      for (const call of calls) expect(await detailsOf(call)).toBe('containerd: container not found');
    });

    test('an unknown process, a status that is none, a process that is no more, a signal that is none', async () => {
      await host.create('box', sleeping);
      expect(await detailsOf(host.client.signal('box', 9, 'ghost'))).toBe('containerd: process not found for container');
      expect(await detailsOf(host.client.updateProcess({ id: 'box', pid: 'ghost', closeStdin: true }))).toBe(
        'containerd: process not found for container',
      );
      for (const wrong of ['stopped', 'Paused', 'x'.repeat(100)]) {
        const call = host.client.updateContainer({ id: 'box', pid: 'init', status: wrong });
        expect(await detailsOf(call)).toBe(`containerd: unknown container status ${wrong}`);
      }
      expect(await detailsOf(host.client.signal('box', 999))).toBe('invalid argument');
      await host.end();
    });

    test.each([
      ['nope', 'executable file not found in $PATH'],
      ['/bin/nope', 'no such file or directory'],
      ['/etc/passwd', 'permission denied'],
    ])('a command %s that cannot be run: the message of the runtime, letter for letter', async (command, words) => {
      const bundlePath = host.bundle('x', { args: [command] });
      const details = await detailsOf(host.client.create({ id: 'x', bundlePath }));
      const log = host.own('runtime-log.json');
      await host.runtime('--log', log, '--log-format', 'json', 'create', '--bundle', bundlePath, 'x').catch(() => undefined);
      const said = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { level: string; msg: string });
      expect(details).toBe(`oci runtime error: ${said.filter(({ level }) => level === 'error').at(-1)?.msg ?? ''}`);
      expect(details).toContain(command);
      expect(details).toContain(words);
    });
  });

  describe('of shims', () => {
    const start = (shim: string) => host.startDaemon({ flags: ['--shim', shim] });
    const shimThat = (script: string): string => {
      const path = host.own('shim');
      writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return path;
    };
    beforeEach(() => {
      host = new TestHost();
    });
    afterEach(async () => {
      await expectUntouched(host);
      await host.cleanUp();
    });

    test('one that is not there', async () => {
      await start('/nonexistent/containerd-shim');
      expect(await detailsOf(host.create('x', sleeping))).toBe('/nonexistent/containerd-shim not installed on system');
    });

    test('one that ends before the process is there', async () => {
      await start(shimThat('exit 3'));
      expect(await detailsOf(host.create('x', sleeping))).toBe('containerd: shim exited before container process was started');
    });

    test('one that says why', async () => {
      await start(shimThat(`echo '{"level":"error","msg":"made to fail, too"}' > shim-log.json; exit 1`));
      expect(await detailsOf(host.create('x', sleeping))).toBe('shim error: made to fail, too');
    });

    test('one that says what the runtime said', async () => {
      await start(shimThat(`echo '{"level":"error","msg":"the runtime failed"}' > log.json; exit 1`));
      expect(await detailsOf(host.create('x', sleeping))).toBe('oci runtime error: the runtime failed');
    });

    test('ours, killed in the middle of a start', async () => {
      await host.startDaemon();
      const runtime = writeFakeRuntime(host.own('runtime'), 'hangs-with-child');
      const starting = detailsOf(host.create('x', sleeping, { runtime, runtimeArgs: ['--root', host.runtimeRoot] }));
      await untilExists(`${runtime}.called`);
      const shim = allProcesses().find((seen) => seen.commandLine.includes(`--serve ${host.stateDir}`));
      process.kill(shim?.pid ?? 0, 'SIGKILL');
      expect(await starting).toBe('containerd: shim exited before container process was started');
      await expectWorking(host);
    });

    test('ours, whose stdio cannot be opened', async () => {
      await host.startDaemon();
      const directory = host.own('a-directory');
      mkdirSync(directory);
      const details = await detailsOf(host.create('x', sleeping, { stdout: directory }));
      expect(details).toMatch(/^shim error: /);
      expect(details).toContain(join(directory));
      await expectWorking(host);
    });
  });
});
