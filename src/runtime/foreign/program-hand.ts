import { SIGKILL } from '../../sys/process/process';
import type { Child, ChildReaper } from '../../sys/process/children';
import type { Brought, Errand } from './errands';

/** How a program does an errand that brings nothing. */
export interface ProgramCall {
  /** Looked up in the PATH of `env`. */
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The program is not there, or has not done it. A hand tells why. */
export class NotDoneByProgram extends Error {}

/** A program that does one errand: there in two milliseconds where a hand, which is Node, takes sixty. */
export class ProgramHand {
  /** Resolves when the process is gone, for whatever reason; never rejects. */
  readonly gone: Promise<void>;
  /** It is for one errand. */
  readonly isOpen = false;
  readonly #done: Promise<boolean>;
  #child: Child | undefined;
  #isKilled = false;

  constructor(reaper: ChildReaper, call: ProgramCall) {
    this.#done = this.#follow(reaper.launch({ ...call, cwd: '/', session: true }));
    this.gone = this.#done.then(() => undefined);
  }

  /** Rejects with NotDoneByProgram. */
  async run(): Promise<Brought<Errand>> {
    if (!(await this.#done)) throw new NotDoneByProgram();
    return { value: {}, fds: [] } as unknown as Brought<Errand>;
  }

  /** SIGKILL. One that waits for a file system may still be there for as long as that hangs. */
  kill(): void {
    this.#isKilled = true;
    this.#child?.kill(SIGKILL);
  }

  /** It ends by itself. */
  end(): void {
    // Nothing to be told.
  }

  async #follow(launched: Promise<Child>): Promise<boolean> {
    try {
      this.#child = await launched;
      if (this.#isKilled) this.#child.kill(SIGKILL);
      const status = await this.#child.exited;
      return status.kind === 'exited' && status.code === 0;
    } catch {
      return false;
    }
  }
}
