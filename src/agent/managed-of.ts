import { compileProcess } from './compile';
import type { ProcessDefinition } from './definitions/definition';
import type { ManagedDefinition } from './engine/managed-definition';
import type { Lookups } from './launch/lookups';
import { plannedSockets } from './launch/planned-sockets';
import { policyOf } from './policy-of';

/** A process as the engine is given it. @param lookups at each start */
export function managedOf(process: ProcessDefinition, lookups: Lookups): ManagedDefinition {
  return {
    name: process.fullName,
    process,
    policy: policyOf(process),
    compile: (launch) => compileProcess(process, launch, lookups),
    sockets: () => plannedSockets(process, lookups.read),
  };
}
