import { Turns } from '../../sys/turns';
import { ImagesError } from '../errors';
import { NOBODY } from '../registry/login';
import type { ResolvedRun } from './answers';
import type { Library } from './library';
import type { RunWishes } from './run-spec';

/** Nobody looks on. */
const unwatched = { fetched: () => undefined, unpacking: () => undefined };

/** Runs of images for which nobody stands by with a login: their registries are asked without. */
export class PulledRuns {
  /** Several programs that want the same image fetch it once. */
  readonly #turns = new Turns();

  constructor(private readonly library: Library) {}

  /** As {@link Library.runOf}, of an image that is fetched before where it is missing, or always. @throws ImagesError */
  runOf(name: string, wishes: RunWishes, pull: 'missing' | 'always' | 'never', signal: AbortSignal): Promise<ResolvedRun> {
    if (pull === 'never') return this.library.runOf(name, wishes, signal);
    return unlessAborted(signal, this.#turns.run(name, async () => {
      signal.throwIfAborted();
      const isHere = (await this.library.list([name]).catch(absent)).length > 0;
      if (pull === 'always' || !isHere) await this.library.pull(name, NOBODY, unwatched, signal);
      return this.library.runOf(name, wishes, signal);
    }));
  }
}

/** Whoever waits for another one's turn need not wait for its end to be called off. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => { reject(new ImagesError('registry', 'it was called off')); };
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => { signal.removeEventListener('abort', leave); });
  });
}

function absent(error: unknown): readonly never[] {
  if (error instanceof ImagesError && error.code === 'not-found') return [];
  throw error;
}
