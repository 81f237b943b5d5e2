import type { ProgramParts } from '../../programs/parts';
import type { ProgramStates } from '../../records/program-states';
import type { Definition } from '../../records/definition';
import type { ProcessDefinition } from '../definitions/definition';
import type { Clocks } from '../machine/clocks';
import type { Policy } from '../machine/policy';
import type { Peers } from './peers';

/** One process of a program, as the engine is given it. */
export interface ManagedDefinition {
  /** Its full name, which is its container's id, too. */
  readonly name: string;
  /** As its file has it. */
  readonly process: ProcessDefinition;
  readonly policy: Policy;
  /** What is to be run, made anew for each start: files that it names may have changed. @throws an Error that says what is wrong with it */
  readonly compile: (generation: number) => Promise<Definition>;
}

/** What the engine works with. */
export interface EngineParts {
  readonly programs: ProgramParts;
  readonly states: Pick<ProgramStates, 'find' | 'put' | 'delete'>;
  /** All that are kept running. */
  readonly peers: Peers;
  readonly now: () => Clocks;
  /** From 0 to 1. */
  readonly random: () => number;
}
