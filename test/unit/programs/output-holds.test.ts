import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { OutputHolds } from '../../../src/programs/output-holds';
import { holdsIn, isStanding } from '../../../src/runtime/kept-output/holds';

const places = (number: number): { output: { number: number; offset: number } } => ({ output: { number, offset: 0 } });
const client = { pid: process.pid, uid: 0 };
const runPid = 4711;

describe('readers that programs wait for', () => {
  let directory: string;
  let root: string;
  let holds: OutputHolds;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-holds-'));
    root = join(directory, 'readers', 'programs');
    holds = new OutputHolds(root);
  });
  afterEach(() => {
    jest.useRealTimers();
    holds.close();
    rmSync(directory, { recursive: true });
  });
  const standing = (): number => holdsIn(join(root, 'web')).filter(isStanding).length;

  test('nothing is left of them once they have left', () => {
    const hold = holds.hold('web', client, {});
    expect(standing()).toBe(1);
    hold.release(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('nothing is left of a program that is forgotten under its readers, whatever they say still', () => {
    const hold = holds.hold('web', client, {});
    hold.ofRun(runPid);
    holds.forget('web');
    hold.reached(places(2));
    hold.release(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a daemon that ends leaves them to the next one, and forgets no program for that', async () => {
    const hold = holds.hold('web', client, {});
    const none = holds.untilNone('web');
    holds.close();
    hold.release(false);
    expect(await none).toBe(false);
    expect(standing()).toBe(1);
  });

  test('where the one of the run has left, the next goes on, whoever else leaves in between, and its place is the one that counts then', () => {
    const first = holds.hold('web', client, places(1));
    first.ofRun(runPid);
    first.release(false);
    holds.hold('web', client, places(7)).release(false);
    expect(holds.leftAt('web', runPid)).toEqual(places(1));
    const second = holds.hold('web', client, places(1));
    second.ofRun(runPid);
    second.reached(places(3));
    second.release(false);
    expect(holds.leftAt('web', runPid)).toEqual(places(3));
    expect(holdsIn(join(root, 'web'))).toHaveLength(1);
  });

  test('a directory that cannot be read disturbs neither who leaves nor the look for those who do not come back', () => {
    jest.useFakeTimers();
    const hold = holds.hold('web', client, {});
    rmSync(join(directory, 'readers'), { recursive: true });
    writeFileSync(join(directory, 'readers'), '');
    hold.release(true);
    holds.begin();
    jest.advanceTimersByTime(10_000);
    rmSync(join(directory, 'readers'));
    expect(existsSync(root)).toBe(false);
  });
});
