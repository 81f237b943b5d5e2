import type { ManagedProgram } from './engine/managed-program';
import type { Stored } from './machine/state';

/** Resolves at the first state that is one of these, from the next change on. Rejects where the client goes away. */
export function untilChange(program: ManagedProgram, isIt: (stored: Stored) => boolean, cancel: AbortSignal | undefined): Promise<Stored | undefined> {
  const found = new Promise<Stored | undefined>((resolve, reject) => {
    const leave = (): void => { settle(() => { reject(new Error('nobody waits any more')); }); };
    const unwatch = program.watch((stored) => {
      if (stored === undefined || isIt(stored)) settle(() => { resolve(stored); });
    });
    const settle = (how: () => void): void => {
      unwatch();
      cancel?.removeEventListener('abort', leave);
      how();
    };
    cancel?.addEventListener('abort', leave, { once: true });
  });
  // Who asks may have failed before he waits.
  found.catch(() => undefined);
  return found;
}
