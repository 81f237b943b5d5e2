import { ProgramError } from './errors';
import { findProgramIfThere } from './list';
import type { DefinitionFiles } from './definition-files';
import type { ManagedPrograms } from './managed';
import type { Asked, ProgramParts } from './parts';
import type { StartResult } from './start-result';

/** What is to be kept running. */
export interface DefineOrder extends Asked {
  /** A definition file of it alone. */
  readonly toml: string;
  /** The client goes away: nobody waits any more, and it is kept running all the same. */
  readonly cancel: AbortSignal;
}

/**
 * Keeps a program running that no file defines. A name whose first start comes to nothing is not taken by it; one that runs and ends at once has started.
 * @returns its name, and how its first start went @throws ProgramError as {@link DefinitionFiles.define} does; `failed`: why it could not be started
 */
export async function defineProgram(parts: ProgramParts, files: DefinitionFiles, managed: ManagedPrograms, { toml, by, cancel }: DefineOrder): Promise<{ readonly name: string; readonly result: StartResult }> {
  const name = await files.define(toml, async (wanted) => {
    if (await findProgramIfThere(parts, wanted) !== undefined) throw new ProgramError('already-active', wanted, `the name ${wanted} is in use`);
  });
  // It comes up by itself: that start is waited for.
  const result = await managed.start({ name, by, cancel, isRestart: true });
  const hasRun = parts.definitions.find(name)?.startedNs !== undefined;
  if (result.is === 'no-such-file' || result.is === 'not-executable' || (result.is === 'spawn-error' && !hasRun)) await files.forget(name);
  if (result.is === 'spawn-error' && !hasRun) throw new ProgramError('failed', name, withoutNextStart(result.detail));
  return { name, result };
}

/** There is none any more: `there is no image x, next start in 0:00:01`. */
function withoutNextStart(reason: string): string {
  return reason.replace(/, next start in [^,]*$/, '');
}
