import { ManagedProgram } from '../../../../src/agent/engine/managed-program';
import { Processes } from '../../../../src/agent/processes';
import { managedOf } from './definitions';
import { FakeEngine } from './fake-engine';

const [web] = [...managedOf('[program.web]\ncommand = ["web"]\n').values()];
if (web === undefined) throw new Error('nothing is defined');

describe('a store that refuses', () => {
  let engine: FakeEngine;
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    engine = new FakeEngine();
  });
  afterEach(() => { jest.useRealTimers(); });

  test('is asked once a second for what is due, and told of once, until it takes it', async () => {
    const program = new ManagedProgram(web, engine.parts);
    await program.restore(undefined);
    await jest.advanceTimersByTimeAsync(100);
    expect(program.stored.state).toBe('BACKOFF');
    engine.refuses = true;
    engine.puts = 0;
    await jest.advanceTimersByTimeAsync(30_000);
    // The pause of a second is over after about that long; from then on it is tried.
    expect(engine.puts).toBeGreaterThanOrEqual(27);
    expect(engine.puts).toBeLessThanOrEqual(30);
    expect(engine.errors).toHaveLength(1);
    engine.refuses = false;
    await jest.advanceTimersByTimeAsync(1000);
    expect(program.stored.generation).toBe(2);
    program.close();
  });

  test('an event log that refuses holds up no program', async () => {
    const { programs } = engine.parts;
    const refusing = { tell: () => { throw new Error('the disk is full'); } };
    const program = new ManagedProgram(web, { ...engine.parts, programs: { ...programs, publisher: refusing } } as unknown as FakeEngine['parts']);
    await program.restore(undefined);
    await jest.advanceTimersByTimeAsync(100);
    expect(program.stored).toMatchObject({ state: 'BACKOFF', generation: 1 });
    expect(engine.errors).toEqual([]);
    program.close();
  });

  test('at the start of a daemon costs a program its time, and not its place', async () => {
    const processes = new Processes(engine.parts);
    engine.refuses = true;
    await processes.take([web]);
    const program = processes.get('web');
    expect(program?.isKnown).toBe(false);
    await expect(program?.tell({ kind: 'start' })).rejects.toThrow('where web stands could not be found out yet');
    await jest.advanceTimersByTimeAsync(5000);
    expect(engine.errors).toHaveLength(1);
    engine.refuses = false;
    await jest.advanceTimersByTimeAsync(1000);
    expect(program?.isKnown).toBe(true);
    expect(program?.stored.generation).toBe(1);
    processes.close();
  });
});

test('what cannot be read is told of, starts nothing, and begins above all numbers of before', async () => {
  const engine = new FakeEngine();
  engine.texts.set('web', '{"generation": "damaged"');
  const program = new ManagedProgram(web, engine.parts);
  await program.restore(engine.texts.get('web'));
  expect(program.stored.state).toBe('UNKNOWN');
  expect(program.stored.generation).toBeGreaterThan(1_000_000_000);
  expect(engine.errors).toHaveLength(1);
  await program.tell({ kind: 'start' });
  expect(program.stored.state).toBe('STARTING');
  program.close();
});
