import { fc } from '../../../support/property';
import { policies } from './policies';
import { World } from './world';

/** What may happen, in any order. */
const happenings = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('start', 'stop', 'restart').map((kind) => (world: World) => { world.take({ kind }); }) },
  { weight: 8, arbitrary: fc.constantFrom('act' as const, 'report' as const).map((kind) => (world: World) => { world.work(kind); }) },
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 2, 137).map((status) => (world: World) => { world.end(status); }) },
  { weight: 4, arbitrary: fc.constantFrom(1, 900, 1000, 5000, 61_000).map((ms) => (world: World) => { world.pass(ms); }) },
  { weight: 2, arbitrary: fc.constantFrom(-86_400_000, 3_600_000).map((ms) => (world: World) => { world.pass(10, ms); }) },
  { weight: 2, arbitrary: fc.constant((world: World) => { world.take({ kind: 'ready' }); }) },
  { weight: 3, arbitrary: fc.boolean().map((areMet) => (world: World) => { world.setDependencies(areMet); }) },
  { weight: 2, arbitrary: fc.boolean().map((isWell) => (world: World) => { world.take({ kind: 'checked', isWell, detail: isWell ? '' : 'no answer' }); }) },
  { weight: 5, arbitrary: fc.constant((world: World) => { world.restart(false); }) },
  { weight: 1, arbitrary: fc.constant((world: World) => { world.restart(true); }) },
);

const worlds = fc.record({ policy: policies, randoms: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), script: fc.array(happenings, { maxLength: 60 }) });

function play({ policy, randoms, script }: typeof worlds extends fc.Arbitrary<infer T> ? T : never): World {
  const world = new World(policy, () => randoms.next().value as number);
  for (const happen of script) happen(world);
  return world;
}

describe('a program, whatever happens, and whenever the daemon or the host dies', () => {
  test('is never started beside itself, nor twice of one generation, and is not forgotten while it runs', () => {
    fc.assert(fc.property(worlds, (given) => {
      const world = play(given);
      expect(world.mistakes).toEqual([]);
      const generations = world.processes.map(({ generation }) => generation);
      expect(new Set(generations).size).toBe(generations.length);
    }), { numRuns: 1000 });
  });

  test('has a process in the end where one is wanted, unless policy says otherwise, and none where none is', () => {
    fc.assert(fc.property(worlds, (given) => {
      const world = play(given);
      world.restart(false);
      world.settle();
      const { stored, alive } = world;
      if (stored === undefined) throw new Error('forgotten');
      if (stored.state === 'FATAL' && world.policy.onFatal !== 'none') expect(world.fatalTold).toContain(stored.generation);
      if (stored.wanted === 'down') expect(alive).toBeUndefined();
      if (stored.state === 'RUNNING') expect(alive?.generation).toBe(stored.generation);
      else expect(['STOPPED', 'EXITED', 'FATAL']).toContain(stored.state);
      if (stored.wanted === 'up' && world.policy.schedule === undefined) expect(['RUNNING', 'EXITED', 'FATAL']).toContain(stored.state);
      // One with a schedule waits for its next time, whatever was missed.
      expect(stored.due === undefined).toBe(world.policy.schedule === undefined);
    }), { numRuns: 1000 });
  });

  test('is what was asked for last', () => {
    fc.assert(fc.property(worlds, fc.constantFrom('start', 'stop', 'restart'), (given, kind) => {
      const world = play(given);
      world.restart(false);
      world.take({ kind });
      world.restart(false);
      world.settle();
      if (kind === 'stop') expect(world.alive).toBeUndefined();
      else expect(world.alive).toBeDefined();
    }), { numRuns: 1000 });
  });

  test('is taken away once its definition is, and its process before', () => {
    fc.assert(fc.property(worlds, (given) => {
      const world = play(given);
      world.restart(false);
      world.take({ kind: 'gone' });
      world.restart(false);
      world.take({ kind: 'start' });
      world.settle();
      if (world.stored !== undefined) world.take({ kind: 'gone' });
      world.settle();
      expect([world.stored, world.alive, ...world.mistakes]).toEqual([undefined, undefined]);
    }), { numRuns: 1000 });
  });
});
