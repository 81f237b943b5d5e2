import { appendFileSync, closeSync, copyFileSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CallsUnderWay } from '../../../../src/shim/process/calls-under-way';
import { startRuntime } from '../../../../src/shim/process/runtime-call';
import { RuntimeCopies } from '../../../../src/runtime/oci/runtime-copies';
import type { Shim } from '../../../../src/shim/shim';
import { ChildReaper } from '../../../../src/sys/process/children';
import { foreignHere } from '../../../support/foreign-here';
import { Scratch, deferred, pollerWithErrors } from '../../sys/resources';

describe('the processors of a runtime', () => {
  const scratch = new Scratch();
  const { poller, errors } = pollerWithErrors();
  poller.ref();
  const reaper = new ChildReaper(poller);
  const made = deferred<string>();
  const copies = new RuntimeCopies({ info: made.resolve, error: made.resolve });
  // Its name chooses what it does.
  const program = scratch.file('env');

  beforeAll(async () => {
    copyFileSync('/bin/busybox', program);
    appendFileSync(program, '_cloned:/proc/self/exe');
    copies.allow(true);
    await said({ crowded: false });
    expect(await made.promise).toContain('is run from a copy in memory');
  });

  afterAll(() => {
    copies.close();
    reaper.close();
    poller.close();
    scratch.remove();
    expect(errors).toEqual([]);
  });

  /** What it finds in its environment. Of the shim, only what a launch needs. */
  async function said({ crowded, runsHooks = true, file = program }: { crowded: boolean; runsHooks?: boolean; file?: string }): Promise<string | undefined> {
    const shim = { reaper, runtimeCopies: copies, foreign: foreignHere, calls: new CallsUnderWay(), isCrowded: crowded } as unknown as Shim;
    const stdout = openSync(scratch.file('said'), 'w');
    try {
      await (await startRuntime(shim, { program: file, args: [], runsHooks, cwd: '/', stdout })).ended;
    } finally {
      closeSync(stdout);
    }
    return /^GOMAXPROCS=(.*)$/m.exec(readFileSync(scratch.file('said'), 'utf8'))?.[1];
  }

  test('among more than there are processors, each keeps to one', async () => {
    expect(await said({ crowded: true })).toBe('1');
    expect(await said({ crowded: true })).toBe('1');
  });

  test('one that runs no hooks always does: nobody inherits it', async () => {
    expect(await said({ crowded: false, runsHooks: false })).toBe('1');
  });

  test('one of a few that may run hooks may use them all', async () => {
    expect(await said({ crowded: false })).toBeUndefined();
  });

  test('nothing is said to a program of which it is not known that it is over in a moment', async () => {
    const file = scratch.file('other/env');
    mkdirSync(dirname(file));
    copyFileSync('/bin/busybox', file);
    expect(await said({ crowded: true, file })).toBeUndefined();
    expect(await said({ crowded: true, file })).toBeUndefined();
  });
});
