import { dependsOn, isOlderThanItsDependencies, waitsOf } from '../../../../src/agent/engine/dependencies';
import type { Peer } from '../../../../src/agent/engine/peer';
import { inStartOrder } from '../../../../src/agent/engine/start-order';
import { type State, type Stored, newlyDefined } from '../../../../src/agent/machine/state';
import { later, start } from '../machine/policies';
import { managedOf } from './definitions';

const definitions = managedOf(`
[program.db]
command = ["db"]
numprocs = 2
[program.cache]
command = ["cache"]
[group.store]
programs = ["db", "cache"]
[program.web]
command = ["web"]
depends_on = { "store:*" = "running" }
[program.tool]
command = ["tool"]
depends_on = { "store:db_01" = "started", migrate = "completed" }
[program.migrate]
command = ["migrate"]
exitcodes = [0, 3]
priority = 5
[program.late]
command = ["late"]
depends_on = { migrate = "exited" }
`);
const define = (name: string): NonNullable<ReturnType<typeof definitions.get>> => {
  const found = definitions.get(name);
  if (found === undefined) throw new Error(`${name} is not defined`);
  return found;
};

const peer = (name: string, stored: Partial<Stored> & { readonly state: State }, isKnown = true): Peer => ({
  definition: define(name),
  stored: { ...newlyDefined(start), ...stored } as Stored,
  isKnown,
  heedOthers: () => undefined,
});
const running = { state: 'RUNNING', upSince: start, health: undefined } as const;
const ended = (status: number, unknown = ''): Pick<Stored, 'lastEnd'> => ({ lastEnd: { status, unknown, atMs: 0, ranMs: 0 } });
const waits = (name: string, peers: readonly Peer[]): readonly string[] => waitsOf(define(name), peers).map((wait) => `${wait.name} ${wait.condition} ${String(wait.stored?.state)}`);

test('a group is waited for until each of its processes is as it has to be', () => {
  const peers = [peer('store:db_00', running), peer('store:db_01', { state: 'STARTING', phase: 'probation' } as never), peer('store:cache', { state: 'STOPPED' })];
  expect(waits('web', peers)).toEqual(['store:db_01 running STARTING', 'store:cache running STOPPED']);
  expect(waits('web', peers.map(({ definition }) => peer(definition.name, running)))).toEqual([]);
  expect(waits('web', [])).toEqual(['store:* running undefined']);
});

test('who has a process is started, and one of a daemon of before counts only once it is found', () => {
  const migrated = peer('migrate', { state: 'EXITED', ...ended(0) });
  expect(waits('tool', [migrated, peer('store:db_01', { state: 'STARTING', phase: 'start' } as never)])).toEqual(['store:db_01 started STARTING']);
  expect(waits('tool', [migrated, peer('store:db_01', { state: 'STARTING', phase: 'probation', upSince: start } as never)])).toEqual([]);
  expect(waits('tool', [migrated, peer('store:db_01', running, false)])).toEqual(['store:db_01 started RUNNING']);
});

test('completed is an expected end that was seen, and exited is any', () => {
  const db = peer('store:db_01', running);
  const cases: readonly (readonly [stored: Partial<Stored> & { readonly state: State }, isCompleted: boolean, hasExited: boolean])[] = [
    [{ state: 'EXITED', ...ended(3) }, true, true],
    [{ state: 'EXITED', ...ended(1) }, false, true],
    [{ state: 'EXITED', ...ended(0, 'host rebooted') }, false, true],
    [{ state: 'BACKOFF', ...ended(1) } as never, false, true],
    [{ state: 'FATAL', reason: "can't find command" }, false, false],
    [{ ...running, ...ended(0) }, false, false],
  ];
  for (const [stored, isCompleted, hasExited] of cases) {
    const migrate = peer('migrate', stored);
    expect([stored.state, waits('tool', [db, migrate]).length === 0, waits('late', [migrate]).length === 0]).toEqual([stored.state, isCompleted, hasExited]);
  }
});

test('only what is named by a dependency is one, with its group or alone', () => {
  const names = (name: string): string[] => [...definitions.values()].filter((other) => dependsOn(define(name), other)).map((other) => other.name);
  expect(names('web').sort()).toEqual(['store:cache', 'store:db_00', 'store:db_01']);
  expect(names('tool').sort()).toEqual(['migrate', 'store:db_01']);
});

test('one is older than what it depends on where that was started later in the same boot, and not where it has only run and ended', () => {
  const isOlder = (name: string, other: Peer): boolean => isOlderThanItsDependencies(define(name), { ...newlyDefined(start), ...running }, [other]);
  expect(isOlder('web', peer('store:cache', { ...running, upSince: later(start, 1) }))).toBe(true);
  expect(isOlder('web', peer('store:cache', running))).toBe(false);
  expect(isOlder('web', peer('store:cache', { ...running, upSince: { ...later(start, 1), bootId: 'boot-0' } }))).toBe(false);
  expect(isOlder('late', peer('migrate', { ...running, upSince: later(start, 1) }))).toBe(false);
});

test('what has a lower priority is started before the others', () => {
  expect(inStartOrder([...definitions.values()]).map((atOnce) => atOnce.map(({ name }) => name))).toEqual([
    ['migrate'],
    ['late', 'store:cache', 'store:db_00', 'store:db_01', 'tool', 'web'],
  ]);
});
