import { compileProcess } from './compile';
import type { ProcessDefinition } from './definitions/definition';
import type { ManagedDefinition } from './engine/managed-definition';
import type { ReadText } from './launch/host-facts';
import { plannedSockets } from './launch/planned-sockets';
import { policyOf } from './policy-of';

/** A process as the engine is given it. @param read for the files that its definition names, at each start */
export function managedOf(process: ProcessDefinition, read: ReadText): ManagedDefinition {
  return {
    name: process.fullName,
    process,
    policy: policyOf(process),
    compile: (launch) => compileProcess(process, launch, read),
    sockets: () => plannedSockets(process, read),
  };
}
