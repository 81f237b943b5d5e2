import { existsSync, readFileSync } from 'node:fs';
import { waitingStub } from '../../../../src/runtime/host/stub';
import { Gate } from '../../../../src/shim/gate';
import { REST_MS, WaitingStubs } from '../../../../src/shim/process/waiting-stubs';
import { ChildReaper } from '../../../../src/sys/process/children';
import { until } from '../../../support/until';
import { Scratch, pollerWithErrors } from '../../sys/resources';

describe('the shell that waits for the next host program', () => {
  const scratch = new Scratch();
  const { poller, errors } = pollerWithErrors();
  poller.ref();
  const reaper = new ChildReaper(poller);
  const gate = new Gate();
  const said: unknown[] = [];
  const log = { error: (...words: unknown[]): void => { said.push(words); }, info: (): void => undefined };
  let stubs: WaitingStubs;

  beforeEach(() => { stubs = new WaitingStubs(reaper, gate, log); });
  afterEach(() => { stubs.close(); });
  afterAll(() => {
    reaper.close();
    poller.close();
    scratch.remove();
    expect([errors, said]).toEqual([[], []]);
  });

  async function oneWaits(): Promise<void> {
    stubs.prepare();
    await until('one that waits', () => stubs.isThere, (isThere) => isThere);
  }

  test('does what it is told', async () => {
    expect(stubs.begin('exit 1\n', 7)).toBeUndefined();
    await oneWaits();
    const file = scratch.file('said');
    const stub = stubs.begin('set -- \'it\'\\\'\'s\' "two words"\n', 200);
    expect(stub?.pipe.tell(`printf '%s|' "$0" "$@" >${file}\nexit 3\n`)).toBe(true);
    expect(await stub?.child.exited).toEqual({ kind: 'exited', code: 3 });
    expect(stub?.pipe.tell('exit 4\n')).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe('holdfast-waiting-stub|it\'s|two words|');
    expect(stubs.isThere).toBe(false);
  });

  test('is one, however often it is asked for', async () => {
    for (let time = 0; time < 3; time += 1) stubs.prepare();
    await oneWaits();
    expect(stubs.begin('exit 0\n', 7)).toBeDefined();
    expect(stubs.begin('exit 0\n', 7)).toBeUndefined();
  });

  test('is told nothing once it has ended, nor more than fits into a pipe', async () => {
    await oneWaits();
    expect(stubs.begin('exit 0\n', (32 << 10) + 1)).toBeUndefined();
    expect(stubs.isThere).toBe(true);
    await stubs.end();
    expect(stubs.begin('exit 0\n', 7)).toBeUndefined();
  });

  test('goes nowhere where it is told no more', async () => {
    await oneWaits();
    const file = scratch.file('begun');
    const stub = stubs.begin(`echo begun >${file}\n`, 100);
    await until('its beginning', () => existsSync(file), (isThere) => isThere);
    stub?.pipe.close();
    expect(await stub?.child.exited).toEqual({ kind: 'exited', code: 125 });
  });

  test('does not come up while the shim hands itself over', async () => {
    gate.close();
    stubs.prepare();
    // A timer of as long, and later: its turn comes after.
    await new Promise((resolve) => { setTimeout(resolve, REST_MS + 1); });
    expect([stubs.isThere, reaper.launching]).toEqual([false, 0]);
    gate.open();
    await oneWaits();
  });

  test('is of no use where it cannot see the descriptors of who would tell it', async () => {
    const { file, args } = waitingStub(999_999_999);
    const child = await reaper.launch({ file, args });
    expect(await child.exited).toEqual({ kind: 'exited', code: 125 });
  });
});
