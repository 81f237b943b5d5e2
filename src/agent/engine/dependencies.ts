import type { Condition, Dependency, ProcessDefinition } from '../definitions/definition';
import type { ProgramEvent } from '../machine/event';
import { expects } from '../machine/policy';
import type { Stored } from '../machine/state';
import type { ManagedDefinition } from './managed-definition';
import type { Peer } from './peer';

/** One that a program depends on, and how that is. */
export interface Wait {
  /** The one that it waits for; where there is none, as the definition has it. */
  readonly name: string;
  readonly condition: Condition;
  readonly isMet: boolean;
  /** Undefined: nothing has the name. */
  readonly stored: Stored | undefined;
}

/** Whether something of the one's dependencies is about the other. */
export function dependsOn({ process }: ManagedDefinition, other: ManagedDefinition): boolean {
  return process.dependsOn.some((dependency) => isTarget(dependency, other.process));
}

/** All that it depends on; where that is a group, each of its processes. */
export function dependenciesOf({ process }: ManagedDefinition, peers: Iterable<Peer>): readonly Wait[] {
  return process.dependsOn.flatMap((dependency): readonly Wait[] => {
    const { target, condition } = dependency;
    const found = targetsAmong(dependency, peers);
    if (found.length === 0) return [{ name: target, condition, isMet: false, stored: undefined }];
    return found.map((peer) => ({ name: peer.definition.name, condition, isMet: holds(condition, peer), stored: peer.stored }));
  });
}

/** What does not hold yet of that which it depends on. */
export function waitsOf(definition: ManagedDefinition, peers: Iterable<Peer>): readonly Wait[] {
  return dependenciesOf(definition, peers).filter(({ isMet }) => !isMet);
}

/** What the others mean for it now: it goes on where it has waited, or starts again with them. */
export function eventOfOthers(definition: ManagedDefinition, stored: Stored, peers: Iterable<Peer>): ProgramEvent | undefined {
  if (stored.state === 'STARTING' && stored.phase === 'dependency') return waitsOf(definition, peers).length === 0 ? { kind: 'dependencies-met' } : undefined;
  return definition.process.dependencyRestart && isOlderThanItsDependencies(definition, stored, peers) ? { kind: 'restart' } : undefined;
}

/**
 * Whether one of those that it needs up has been started since it was: that of what is stored alone, so that a daemon which has died in
 * between finds it, too.
 */
export function isOlderThanItsDependencies({ process }: ManagedDefinition, stored: Stored, peers: Iterable<Peer>): boolean {
  const mine = 'upSince' in stored ? stored.upSince : undefined;
  if (mine === undefined || (stored.state !== 'RUNNING' && stored.state !== 'STARTING')) return false;
  return process.dependsOn.filter(({ condition }) => condition !== 'completed' && condition !== 'exited').some((dependency) =>
    targetsAmong(dependency, peers).some(({ isKnown, stored: other }) =>
      isKnown && 'upSince' in other && other.upSince !== undefined && other.upSince.bootId === mine.bootId && other.upSince.bootMs > mine.bootMs));
}

function targetsAmong(dependency: Dependency, peers: Iterable<Peer>): readonly Peer[] {
  return [...peers].filter(({ definition }) => isTarget(dependency, definition.process));
}

/** `program`, `group:*` or `group:process`. */
function isTarget({ target }: Dependency, { program, group, process }: ProcessDefinition): boolean {
  const [name, member] = target.split(':');
  if (member === undefined) return program === name;
  return group === name && (member === '*' || member === process);
}

function holds(condition: Condition, { isKnown, stored, definition }: Peer): boolean {
  if (!isKnown) return false;
  switch (condition) {
    case 'started':
      return (stored.state === 'RUNNING' || stored.state === 'STARTING') && 'upSince' in stored;
    case 'running':
      return stored.state === 'RUNNING';
    case 'healthy':
      return stored.state === 'RUNNING' && stored.health?.verdict === 'healthy';
    case 'completed':
      return stored.state === 'EXITED' && stored.lastEnd !== undefined && expects(definition.policy, stored.lastEnd);
    case 'exited':
      return stored.lastEnd !== undefined && (stored.state === 'EXITED' || stored.state === 'BACKOFF' || stored.state === 'FATAL' || stored.state === 'STOPPED');
  }
}
