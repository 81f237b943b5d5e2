import { describeOnHost, realContainers } from '../../support/requires';
import { killShims } from '../../support/shims';
import { TestHost } from '../../support/test-host';
import { expectUntouched } from '../../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };
const env = { HOLDFAST_FAULTS: 'kernel.exit-info=ENOTTY,kernel.pidfd-hang-up=ENOTTY' };
/** Ends with the number in its first line. */
const obedient = { args: ['sh', '-c', 'read status; exit $status'] };
const statuses = [21, 22, 23, 24, 25];

/** Linux 6.15 was the first to tell how a process ended to others than its parent, 6.9 to tell them that it has been reaped. */
describeOnHost('a kernel that tells exit statuses, and the reaping, to parents alone', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon({ env });
  });
  afterEach(() => host.cleanUp());

  /** Containers whose shim is killed, and which then end; resolves with what is told of their ends. */
  async function orphanedAndEnded(): Promise<number[]> {
    const ids = statuses.map((status) => `box${String(status)}`);
    const stdio = new Map(ids.map((id) => [id, host.stdio(id)]));
    for (const id of ids) await host.create(id, obedient, stdio.get(id)?.paths ?? {});
    await killShims(host);
    const events = await host.events({ timestamp: epoch });
    const told: number[] = [];
    for (const [at, id] of ids.entries()) {
      await stdio.get(id)?.stdin.write(`${String(statuses[at])}\n`);
      told.push((await events.untilExit(id)).status);
    }
    for (const id of ids) expect(events.linesOf(id)).toHaveLength(2);
    return told;
  }

  test('the daemon that started the shim is the parent then, and its statuses are exact', async () => {
    expect(await orphanedAndEnded()).toEqual(statuses);
    await expectUntouched(host);
  });

  test('another daemon tells an exact status or 255, and each once', async () => {
    await host.create('first', { args: ['sleep', '1000'] });
    await host.restartDaemon('SIGKILL', { env });
    const told = await orphanedAndEnded();
    await host.end();
    await expectUntouched(host);
    for (const [at, status] of statuses.entries()) expect([status, 255]).toContain(told[at]);
  });
});
