import { ClientStdio } from '../support/client-stdio';
import { describeOnHost, realContainers } from '../support/requires';
import { killShims } from '../support/shims';
import { TestHost } from '../support/test-host';

const said = Array.from({ length: 5000 }, (_, index) => `${String(index + 1)}\n`).join('');

const deaths: readonly (readonly [string, (host: TestHost) => Promise<void>])[] = [
  ['the shim', killShims],
  [
    'the daemon',
    async (host) => {
      await host.stopDaemon('SIGKILL');
      await host.startDaemon();
    },
  ],
  [
    'the daemon, and then the shim,',
    async (host) => {
      await host.stopDaemon('SIGKILL');
      await host.startDaemon();
      await killShims(host);
    },
  ],
];

describe.each(deaths)('%s killed after the end of a container', (_name, strike) => {
  describeOnHost('whose output nobody has read yet', realContainers, () => {
    let host: TestHost;
    beforeEach(async () => {
      host = await TestHost.withDaemon();
    });
    afterEach(() => host.cleanUp());

    test.each([
      ['of a container', false],
      ['of an exec', true],
    ])('%s: it is there for a late reader, to its end', async (_what, isExec) => {
      const events = await host.events();
      const stdio = new ClientStdio(`${host.directory}/stdio/late`, false);
      const args = ['sh', '-c', 'seq 5000; echo oops >&2'];
      await host.create('box', { args: isExec ? ['sleep', '1000'] : args }, isExec ? undefined : stdio.paths);
      if (isExec) await host.client.addProcess({ id: 'box', pid: 'exec', args, env: ['PATH=/bin'], cwd: '/', ...stdio.paths });
      expect((await events.untilExit('box', isExec ? 'exec' : 'init')).status).toBe(0);
      await strike(host);
      stdio.open();
      expect(await stdio.stdout.untilEnd()).toBe(said);
      expect(await stdio.stderr.untilEnd()).toBe('oops\n');
      stdio.close();
      if (isExec) await host.end();
    });
  });
});
