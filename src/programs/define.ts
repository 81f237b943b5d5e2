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
 * Keeps a program running that no file defines. A name whose command is not there, or cannot be executed, is not taken by it.
 * @returns its name, and how its first start went @throws ProgramError as {@link DefinitionFiles.define} does
 */
export async function defineProgram(parts: ProgramParts, files: DefinitionFiles, managed: ManagedPrograms, { toml, by, cancel }: DefineOrder): Promise<{ readonly name: string; readonly result: StartResult }> {
  const name = await files.define(toml, async (wanted) => {
    if (await findProgramIfThere(parts, wanted) !== undefined) throw new ProgramError('already-active', wanted, `the name ${wanted} is in use`);
  });
  // It comes up by itself: that start is waited for.
  const result = await managed.start({ name, by, cancel, isRestart: true });
  if (result.is === 'no-such-file' || result.is === 'not-executable') await files.forget(name);
  return { name, result };
}
