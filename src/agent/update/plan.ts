import { changesBetween } from '../definitions/changes';
import type { ProgramDefinition } from '../definitions/definition';
import { fullNamesOf } from '../definitions/processes';
import type { InUse } from './in-use';

type Programs = ReadonlyMap<string, ProgramDefinition>;

/** What becomes of a program that is defined otherwise than it is in use. */
export interface ProgramPlan {
  readonly name: string;
  /** Undefined: it is new. */
  readonly before: InUse | undefined;
  /** Undefined: it is gone. */
  readonly after: ProgramDefinition | undefined;
  readonly scale: number | undefined;
  /** Somebody asks for more processes or fewer: those that come are started, too. */
  readonly isScaling: boolean;
  /** Its processes by their full names: those that go, come, and stay. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
  readonly kept: readonly string[];
  /** Keys that have changed for those that stay: what wants a restart, and what does not. */
  readonly restart: readonly string[];
  readonly live: readonly string[];
}

/** Undefined where both are the same. @param scale how many processes, whatever the definition says; it holds until the definition says another number */
export function planOf(name: string, before: InUse | undefined, after: ProgramDefinition | undefined, scale = scaleAfter(before, after)): ProgramPlan | undefined {
  const old = before === undefined ? [] : fullNamesOf(before.definition, before.scale);
  const now = after === undefined ? [] : fullNamesOf(after, scale);
  const { restart, live } = before === undefined || after === undefined ? nothing : changesBetween(before.definition, after);
  const plan = {
    name, before, after, scale, isScaling: false,
    removed: old.filter((process) => !now.includes(process)),
    added: now.filter((process) => !old.includes(process)),
    kept: now.filter((process) => old.includes(process)),
    restart,
    live: live.filter((key) => key !== 'numprocs' && key !== 'numprocs_start'),
  };
  return plan.removed.length + plan.added.length + restart.length + live.length === 0 ? undefined : plan;
}

/** What `scale` has set is kept where `numprocs` stays as it was. */
export function scaleAfter(before: InUse | undefined, after: ProgramDefinition | undefined): number | undefined {
  return after !== undefined && before?.definition.numprocs === after.numprocs ? before.scale : undefined;
}

const nothing = { restart: [], live: [] };

/** Of all programs, by name. */
export function plansOf(inUse: ReadonlyMap<string, InUse>, defined: Programs): readonly ProgramPlan[] {
  const names = [...new Set([...inUse.keys(), ...defined.keys()])].sort();
  return names.flatMap((name) => planOf(name, inUse.get(name), defined.get(name)) ?? []);
}

/** What has become of a group, in supervisorctl's words. */
export interface GroupChange {
  readonly group: string;
  readonly is: 'available' | 'changed' | 'disappeared';
}

/** By name. */
export function groupChanges(inUse: ReadonlyMap<string, InUse>, defined: Programs): readonly GroupChange[] {
  const old = new Set([...inUse.values()].map(({ definition }) => definition.group));
  const now = new Set([...defined.values()].map(({ group }) => group));
  const touched = new Set(plansOf(inUse, defined).flatMap((plan) => groupsOf(plan)));
  return [...touched].sort().map((group) => ({ group, is: !old.has(group) ? 'available' : now.has(group) ? 'changed' : 'disappeared' }));
}

/** The groups that it is in, before and after. */
export function groupsOf({ before, after }: Pick<ProgramPlan, 'before' | 'after'>): readonly string[] {
  return [...new Set([before?.definition.group, after?.group].filter((group) => group !== undefined))];
}
