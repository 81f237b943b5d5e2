import type { ProcessDefinition } from '../../../../src/agent/definitions/definition';
import { processesOf } from '../../../../src/agent/definitions/processes';
import { readDefinitionFile } from '../../../../src/agent/definitions/read-file';
import { bringTogether, noDefinitions } from '../../../../src/agent/definitions/set';
import type { ManagedDefinition } from '../../../../src/agent/engine/managed-definition';
import { policyOf } from '../../../../src/agent/policy-of';

/** What a file defines, as the engine is given it. @throws where something is wrong with it */
export function managedOf(text: string): ReadonlyMap<string, ManagedDefinition> {
  const { programs, errors } = bringTogether(noDefinitions, [readDefinitionFile('/etc/test.toml', text)]);
  expect(errors).toEqual([]);
  return new Map([...programs.values()].flatMap((program) => processesOf(program)).map((process) => [process.fullName, managed(process)]));
}

function managed(process: ProcessDefinition): ManagedDefinition {
  return { name: process.fullName, process, policy: policyOf(process), sockets: () => Promise.resolve([]), compile: () => Promise.reject(new Error('nothing is started here')) };
}
