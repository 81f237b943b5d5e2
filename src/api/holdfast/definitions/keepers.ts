import type { DefinitionFiles } from '../../../programs/definition-files';
import { ProgramError } from '../../../programs/errors';
import type { ManagedPrograms } from '../../../programs/managed';
import type { ProgramParts } from '../../../programs/parts';

/** @throws ProgramError where nobody reads files */
export function filesOf({ definitionFiles }: ProgramParts): DefinitionFiles {
  if (definitionFiles === undefined) throw noFiles();
  return definitionFiles;
}

/** @throws ProgramError where nobody keeps programs of files running */
export function managedOf({ managed }: ProgramParts): ManagedPrograms {
  if (managed === undefined) throw noFiles();
  return managed;
}

function noFiles(): ProgramError {
  return new ProgramError('failed', '', 'this daemon reads no definitions');
}
