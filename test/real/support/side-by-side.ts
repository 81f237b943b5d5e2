import { appendFileSync, existsSync } from 'node:fs';

import { patienceMs } from '../../support/deadline';
import type { BackendName } from './backend';

/** What the tests of this folder need; scripts/setup-real installs it. */
const programs = ['/usr/bin/containerd', '/usr/bin/ctr', '/usr/sbin/dockerd', '/usr/bin/docker', '/usr/bin/docker-compose', '/usr/sbin/iptables'];

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
  jest.setTimeout(9 * patienceMs);
  describe(title, tests);
}

/** What a test does on either side, and is compared by. */
interface Compared {
  takeTranscript(): string;
}

/** A family of sides, one for each chosen backend; started before the tests of a `describe` and cleaned up after them. */
export class SideBySide<S extends Compared & { readonly name: BackendName; start(): Promise<void>; readonly place: { cleanUp(): Promise<void> } }> {
  readonly sides: S[] = [];

  constructor(make: (name: BackendName) => S) {
    beforeAll(async () => {
      this.sides.push(...chosenBackends().map(make));
      await allOf(this.sides.map((side) => side.start()));
    });
    afterAll(async () => {
      await allOf(this.sides.map((side) => side.place.cleanUp()));
    });
  }

  /** One test: the script on either backend, at once; both must hold its expectations, and their transcripts be the same. */
  same(title: string, script: (side: S) => Promise<void>): void {
    test(title, async () => {
      const transcripts = new Map<BackendName, string>();
      await allOf(this.sides.map(async (side) => { transcripts.set(side.name, await transcriptOf(title, side, script)); }));
      if (transcripts.size === 2) expect(transcripts.get('holdfast')).toBe(transcripts.get('debian'));
    });
  }

  /** One test on ours alone (on Debian's, where only that is chosen): for what takes long and has nothing to be compared. */
  alone(title: string, script: (side: S) => Promise<void>): void {
    test(title, async () => {
      const side = this.sides.at(-1);
      if (side !== undefined) await transcriptOf(title, side, script);
    });
  }
}

async function transcriptOf<S extends Compared & { readonly name: BackendName }>(title: string, side: S, script: (side: S) => Promise<void>): Promise<string> {
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
