import { ClientStdio } from '../support/client-stdio';
import { untilExists } from '../support/files';
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

describeOnHost('a daemon that comes while a shim is at the end of an exec', realContainers, () => {
  test('does not keep the exec\'s output from its end', async () => {
    // What lacks something is tried again, after ever longer pauses: some five seconds in all.
    const faults = Array.from({ length: 7 }, (_, index) => `shim.end.drain=EMFILE:${String(index + 1)}`).join(',');
    const host = await TestHost.withDaemon({ env: { HOLDFAST_FAULTS: faults } });
    const stdio = new ClientStdio(`${host.directory}/stdio/exec`, false).open();
    try {
      await host.create('box', { args: ['sleep', '1000'] });
      await host.client.addProcess({ id: 'box', pid: 'exec', args: ['echo', 'said'], env: ['PATH=/bin'], cwd: '/', ...stdio.paths });
      await untilExists(`${host.stateDir}/box/exec/exitStatus`);
      await host.restartDaemon('SIGKILL');
      expect(await stdio.stdout.untilEnd()).toBe('said\n');
      await host.end();
    } finally {
      stdio.close();
      await host.cleanUp();
    }
  });
});
