import type { ProgramParts } from '../../../src/programs/parts';
import { startRun } from '../../../src/programs/start';
import type { Definition } from '../../../src/records/definition';
import { Turns } from '../../../src/sys/turns';

/** A core that does what it is asked for at once, and what is done at each request beside that. */
class Core {
  readonly asked: string[] = [];
  /** What is written down. */
  readonly written: unknown[] = [];
  /** How long the disk takes for a definition. */
  disk: Promise<void> = Promise.resolve();
  private readonly cancel = new AbortController();

  constructor(private readonly calledOffAt?: 'createTask' | 'startTask') {}

  start(keepsStarted: boolean, definition?: Definition) {
    const done = (_?: number): Promise<void> => Promise.resolve();
    const parts = {
      turns: new Turns(),
      stops: new Map(),
      supervisor: { request: (kind: string) => this.#answer(kind) },
      publisher: { tell: () => undefined },
      definitions: {
        find: () => ({ definition: { stdio: {} } }),
        put: (...put: readonly unknown[]) => (this.written.push({ put }), this.disk),
        setWish: (...wish: readonly unknown[]) => done(this.written.push({ wish })),
        setFailure: done,
      },
      nowNs: () => 0n,
      taskOf: () => ({}),
      log: { error: () => undefined },
    };
    return startRun(parts as unknown as ProgramParts, { name: 'web', definition, stdio: undefined, by: undefined, cancel: this.cancel.signal, keepsStarted });
  }

  #answer(kind: string): Promise<unknown> {
    if (kind === 'getContainers') return Promise.resolve([]);
    this.asked.push(kind);
    if (kind === this.calledOffAt) this.cancel.abort();
    return Promise.resolve(kind === 'startTask' ? 7 : undefined);
  }
}

const undone = ['signal', 'wait', 'deleteTask'];

describe('a start that is called off', () => {
  test('while the program begins leaves it to who has called it off, where he wants it', async () => {
    const core = new Core('startTask');
    expect(await core.start(true)).toEqual({ is: 'started', pid: 7 });
    expect(core.asked).toEqual(['createTask', 'startTask']);
  });

  test('while the program begins kills it, where its client has gone', async () => {
    const core = new Core('startTask');
    await expect(core.start(false)).rejects.toThrow('aborted');
    expect(core.asked).toEqual(['createTask', 'startTask', ...undone]);
  });

  test.each([true, false])('before anything of it runs has nothing of it run (%s)', async (keepsStarted) => {
    const core = new Core('createTask');
    await expect(core.start(keepsStarted)).rejects.toThrow('aborted');
    expect(core.asked).toEqual(['createTask', ...undone]);
  });
});

describe('what a start writes down first', () => {
  const wish = { up: true, sinceNs: 0n, by: undefined };

  test('is the definition that comes along and the wish in one change: both are on the disk, or neither', async () => {
    const core = new Core();
    const definition = { stdio: {} } as Definition;
    await core.start(false, definition);
    expect(core.written).toEqual([{ put: ['web', definition, 0n, wish] }]);
  });

  test('is the wish alone, where the definition is remembered', async () => {
    const core = new Core();
    await core.start(false);
    expect(core.written).toEqual([{ wish: ['web', wish] }]);
  });
});

describe('while the disk takes a definition', () => {
  const hostProgram = { stdio: {}, hostProgram: '{}', labels: [] } as unknown as Definition;
  const container = { stdio: {}, hostProgram: '', containerSpec: '{}' } as unknown as Definition;

  /** What has been asked for by the time that the disk has not answered yet. */
  async function askedBefore(keepsStarted: boolean, definition: Definition): Promise<readonly string[]> {
    const core = new Core();
    let answers: () => void = () => undefined;
    core.disk = new Promise((resolve) => { answers = resolve; });
    const started = core.start(keepsStarted, definition);
    await new Promise(setImmediate);
    const asked = [...core.asked];
    answers();
    expect(await started).toEqual({ is: 'started', pid: 7 });
    expect(core.asked).toEqual(['createTask', 'startTask']);
    return asked;
  }

  test('the process of a host program that is kept running is made, and does not begin', async () => {
    expect(await askedBefore(true, hostProgram)).toEqual(['createTask']);
  });

  test('nothing is made that nobody would take away, or that is a container', async () => {
    expect(await askedBefore(false, hostProgram)).toEqual([]);
    expect(await askedBefore(true, container)).toEqual([]);
  });

  test('what has been made is taken away, where the disk refuses', async () => {
    const core = new Core();
    core.disk = Promise.reject(new Error('the disk is full'));
    await expect(core.start(true, hostProgram)).rejects.toThrow('the disk is full');
    expect(core.asked).toEqual(['createTask', 'deleteTask']);
  });
});
