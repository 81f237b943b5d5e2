import { appendFileSync, existsSync } from 'node:fs';

import { patienceMs } from '../../support/deadline';
import type { BackendName } from './backend';

/** What the tests of this folder need; scripts/setup-real installs it. */
const programs = ['/usr/bin/containerd', '/usr/bin/ctr', '/usr/sbin/dockerd', '/usr/bin/docker', '/usr/bin/docker-compose', '/usr/bin/docker-registry', '/usr/sbin/iptables', '/usr/lib/cni/bridge'];

/** Both, unless REAL_BACKENDS names one: to see the truth by itself, or a difference alone. */
export function chosenBackends(): readonly BackendName[] {
  const chosen = process.env['REAL_BACKENDS']?.split(',') ?? ['debian', 'holdfast'];
  return (['debian', 'holdfast'] as const).filter((name) => chosen.includes(name));
}

/** `describe` for tests with real clients, which are skipped where these are not installed, with the reason; in CI that is an error. */
export function describeReal(title: string, tests: () => void): void {
  const missing = programs.filter((program) => !existsSync(program));
  if (missing.length > 0) {
    const reason = `no ${missing.join(', ')}: run scripts/setup-real`;
    if (process.env['CI'] !== undefined) throw new Error(`${title}: ${reason}`);
    describe.skip(`${title} (skipped: ${reason})`, tests);
    return;
  }
  // Each step has a deadline of its own; a test may have to begin anew on Debian's side.
  jest.setTimeout(9 * patienceMs * mostBeginnings);
  describe(title, tests);
}

/**
 * How often a test may begin on Debian's side. Killed, containerd 1.6 may lose the exit of what ended meanwhile, and dockerd then
 * has that container running for ever: a defect of the original's, in one run of many. On ours a test begins once.
 */
const mostBeginnings = 3;

/** What a test does on either side, and is compared by. */
interface Compared {
  readonly name: BackendName;
  readonly place: { cleanUp(): Promise<void> };
  start(): Promise<void>;
  takeTranscript(): string;
}

/** A family of sides, one for each chosen backend; started before the tests of a `describe` and cleaned up after them. */
export class SideBySide<S extends Compared> {
  readonly #make: (name: BackendName) => S;
  readonly #sides = new Map<BackendName, S>();

  constructor(make: (name: BackendName) => S) {
    this.#make = make;
    beforeAll(async () => {
      for (const name of chosenBackends()) this.#sides.set(name, make(name));
      await allOf([...this.#sides.values()].map((side) => side.start()));
    });
    afterAll(async () => {
      await allOf([...this.#sides.values()].map((side) => side.place.cleanUp()));
    });
  }

  /** One test: the script on either backend, at once; both must hold its expectations, and their transcripts be the same. */
  same(title: string, script: (side: S) => Promise<void>): void {
    test(title, async () => {
      const transcripts = new Map<BackendName, string>();
      await allOf([...this.#sides.keys()].map(async (name) => {
        transcripts.set(name, await (name === 'debian' ? this.#debians(title, script) : transcriptOf(title, this.#side(name), script)));
      }));
      if (transcripts.size === 2) expect(transcripts.get('holdfast')).toBe(transcripts.get('debian'));
    });
  }

  /** One test on ours alone (on Debian's, where only that is chosen): for what takes long and has nothing to be compared. */
  alone(title: string, script: (side: S) => Promise<void>): void {
    test(title, async () => {
      const name = chosenBackends().at(-1);
      if (name !== undefined) await transcriptOf(title, this.#side(name), script);
    });
  }

  /** The transcript of Debian's; where its script fails, that of a next beginning, on a side that nothing has happened to. */
  async #debians(title: string, script: (side: S) => Promise<void>): Promise<string> {
    for (let beginning = 1; ; beginning += 1) {
      try {
        return await transcriptOf(title, this.#side('debian'), script);
      } catch (error) {
        if (beginning === mostBeginnings) throw error;
        process.stderr.write(`\n"${title}" begins anew on Debian's side (ours is not asked again), after: ${String(error)}\n`);
      }
      await this.#replaceDebians(title);
    }
  }

  async #replaceDebians(title: string): Promise<void> {
    try {
      await this.#side('debian').place.cleanUp();
    } catch (error) {
      process.stderr.write(`\n"${title}": left behind on Debian's side, and removed: ${String(error)}\n`);
    }
    const side = this.#make('debian');
    this.#sides.set('debian', side);
    await side.start();
  }

  #side(name: BackendName): S {
    const side = this.#sides.get(name);
    if (side === undefined) throw new Error(`no side of ${name}'s`);
    return side;
  }
}

async function transcriptOf<S extends Compared>(title: string, side: S, script: (side: S) => Promise<void>): Promise<string> {
  side.takeTranscript();
  try {
    await script(side);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`on ${side.name}'s: ${message}\nso far:\n${side.takeTranscript()}`, { cause: error });
  }
  const transcript = side.takeTranscript();
  keep(title, side.name, transcript);
  return transcript;
}

/** All of them to their end, and then the first failure, with what others have to say. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(works)).flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
  const [first, ...others] = failures;
  if (first === undefined) return;
  throw others.length === 0 ? first : new Error(failures.map(String).join('\n'), { cause: first });
}

/** With REAL_TRANSCRIPTS, every transcript goes into that file too. */
function keep(title: string, name: BackendName, transcript: string): void {
  const file = process.env['REAL_TRANSCRIPTS'];
  if (file !== undefined) appendFileSync(file, `== ${title} [${name}]\n${transcript}\n`);
}
