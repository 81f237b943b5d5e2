import { compileProcess } from './compile';
import type { DefinitionError } from './definitions/errors';
import { processesOf } from './definitions/processes';
import { readDefinitionDirectory } from './definitions/read-directory';
import { bringTogether, noDefinitions } from './definitions/set';
import type { ManagedDefinition } from './engine/managed-definition';
import type { ReadText } from './launch/host-facts';
import { policyOf } from './policy-of';

/** What a directory of definitions says. */
export interface Loaded {
  readonly definitions: readonly ManagedDefinition[];
  readonly errors: readonly DefinitionError[];
}

/** Reads all definitions of a directory; one that is not there has none. @param read for the files that they name, at each start */
export async function loadDefinitions(directory: string, read: ReadText): Promise<Loaded> {
  const { programs, errors } = bringTogether(noDefinitions, await readDefinitionDirectory(directory));
  const definitions = [...programs.values()].flatMap((program) => processesOf(program)).map((process): ManagedDefinition => ({
    name: process.fullName,
    process,
    policy: policyOf(process),
    compile: (launch) => compileProcess(process, launch, read),
  }));
  return { definitions, errors };
}
