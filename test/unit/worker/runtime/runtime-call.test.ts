import { appendFileSync, closeSync, copyFileSync, openSync, readFileSync } from 'node:fs';
import { RuntimeCopies } from '../../../../src/runtime/oci/runtime-copies';
import { ChildReaper } from '../../../../src/sys/process/children';
import { callRuntime } from '../../../../src/worker/runtime/runtime-call';
import { foreignHere } from '../../../support/foreign-here';
import { Scratch, deferred, pollerWithErrors } from '../../sys/resources';

describe('the processors of a runtime that the daemon calls', () => {
  const scratch = new Scratch();
  const { poller, errors } = pollerWithErrors();
  poller.ref();
  const reaper = new ChildReaper(poller);
  const made = deferred<string>();
  const runtimeCopies = new RuntimeCopies({ info: made.resolve, error: made.resolve });
  // Its name chooses what it does.
  const program = scratch.file('env');

  afterAll(() => {
    runtimeCopies.close();
    reaper.close();
    poller.close();
    scratch.remove();
    expect(errors).toEqual([]);
  });

  /** What it finds in its environment. */
  async function said({ runsHooks = false } = {}): Promise<string | undefined> {
    const stdout = openSync(scratch.file('said'), 'w');
    const logFile = scratch.file('log.json');
    try {
      await callRuntime({ reaper, runtimeCopies, foreign: foreignHere }, { program, globalArgs: [] }, [], { verb: 'pause', logFile, timeoutMs: 0, runsHooks, stdout });
    } finally {
      closeSync(stdout);
    }
    return /^GOMAXPROCS=(.*)$/m.exec(readFileSync(scratch.file('said'), 'utf8'))?.[1];
  }

  test('from its file it may use them all; from its copy it keeps to one, unless hooks would inherit that', async () => {
    copyFileSync('/bin/busybox', program);
    appendFileSync(program, '_cloned:/proc/self/exe');
    runtimeCopies.allow(true);
    expect(await said()).toBeUndefined();
    expect(await made.promise).toContain('is run from a copy in memory');
    expect(await said()).toBe('1');
    expect(await said({ runsHooks: true })).toBeUndefined();
  });
});
