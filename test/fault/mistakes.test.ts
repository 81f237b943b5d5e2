// What becomes of an exception that nobody catches, or a rejection that nobody handles: docs/reliability.md, "Mistakes of our own".
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { patienceMs, within } from '../support/deadline';
import { untilIn } from '../support/files';
import { logLines } from '../support/log-lines';
import { describeOnHost, realContainers } from '../support/requires';
import { killShims, shimOf } from '../support/shims';
import { TestHost } from '../support/test-host';
import { expectWorking } from '../support/untouched';

/** Each comes to the one place for mistakes by a way of its own (Node's `process`, events `uncaughtException` and `unhandledRejection`). */
const mistakes = [
  { what: 'an exception that nobody catches', action: 'EIO', origin: 'uncaughtException' },
  { what: 'a rejection that nobody handles', action: 'reject', origin: 'unhandledRejection' },
];

describeOnHost('mistakes of our own', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  test.each(mistakes)('$what ends the daemon with one fatal line and a status of its own, and what runs runs on', async ({ action, origin }) => {
    const daemon = await host.startDaemon({ env: { HOLDFAST_FAULTS: `daemon.dump=${action}` } });
    await host.create('box', { args: ['sleep', '1000'] });
    const before = await host.initOf('box');
    // It happens in the handler of the signal, and nobody is above that.
    daemon.kill('SIGUSR1');
    const exit = await within(daemon.exited, 'the end of the daemon', patienceMs);
    expect(exit).toMatchObject({ code: 70, signal: null });
    const fatal = logLines(host).filter(({ level }) => level === 'fatal');
    expect(fatal).toEqual([
      expect.objectContaining({ msg: 'a mistake in the daemon, which ends; what runs runs on', origin, err: expect.objectContaining({ stack: expect.stringContaining('daemon.dump') as string }) as object }),
    ]);
    await host.startDaemon();
    expect(await host.initOf('box')).toEqual(before);
    await host.end();
  });

  test.each(mistakes)('$what does not end the shim: it says so, and goes on', async ({ action, origin }) => {
    await host.startDaemon({ env: { HOLDFAST_FAULTS: `shim.signal=${action}:1` } });
    await host.create('box', { args: ['sleep', '1000'] });
    const shim = shimOf(host);
    process.kill(shim.pid, 'SIGHUP');
    const logOf = (): string => readFileSync(join(host.stateDir, 'holdfast-shim.log'), 'utf8');
    await untilIn(host.stateDir, () => new RegExp(`error ${origin}: .*shim\\.signal`).test(logOf()), 'the line in the log');
    await expectWorking(host, 'next');
    expect(shimOf(host)).toEqual(shim);
    await host.end();
  });

  test.each(['info', 'debug'])('a start that fails is none: one line at warn, and at %s the stack only where that is wanted', async (level) => {
    await host.startDaemon({ flags: [`--log-level=${level}`] });
    await expect(host.create('box', { args: ['/nope'] })).rejects.toMatchObject({ details: expect.stringContaining('nope') as string });
    const lines = logLines(host).filter((line) => JSON.stringify(line).includes('/nope'));
    const warned = lines.filter((line) => line['level'] === 'warn');
    expect(warned).toHaveLength(1);
    expect(JSON.stringify(warned[0])).not.toMatch(/stack|\\n {4}at /);
    expect(Buffer.byteLength(JSON.stringify(warned[0]))).toBeLessThan(600);
    const withStack = lines.filter((line) => JSON.stringify(line).includes('stack'));
    expect(withStack.map((line) => line['level'])).toEqual(level === 'debug' ? ['debug'] : []);
  });

  test('the death of a shim is none: a line for it and one for each process, and no stack', async () => {
    await host.startDaemon();
    const ids = ['box1', 'box2', 'box3', 'box4'];
    for (const id of ids) await host.create(id, { args: ['sleep', '1000'] });
    await killShims(host);
    const adopted = () => logLines(host).filter(({ msg }) => msg === 'adopted by another shim').map(({ id }) => id);
    await untilIn(host.directory, () => adopted().length === ids.length, 'the adoption of all');
    expect(adopted().sort()).toEqual(ids);
    expect(logLines(host).filter((line) => line['level'] === 'error' || JSON.stringify(line).includes('stack'))).toEqual([]);
    await host.end();
  });
});
