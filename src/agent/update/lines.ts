import type { UpdateLine } from '../../programs/definition-files';
import type { ProgramPlan } from './plan';

/** All processes of each group, as they are in use or defined. */
export type GroupProcesses = ReadonlyMap<string, readonly string[]>;

/** What is told of plans once they are carried out, in supervisorctl's order and words. @param whole as it was, and as it is then */
export function linesOf(plans: readonly ProgramPlan[], whole: { readonly before: GroupProcesses; readonly after: GroupProcesses }): readonly UpdateLine[] {
  const removed = named(plans.flatMap((plan) => (plan.before === undefined ? [] : [[plan.before.definition.group, plan.removed] as const])), whole.before);
  const restarted = named(plans.flatMap((plan) => (plan.after === undefined || plan.restart.length === 0 ? [] : [[plan.after.group, plan.kept, plan.restart] as const])), whole.before);
  const live = named(plans.flatMap((plan) => (plan.after === undefined || plan.restart.length > 0 || plan.live.length === 0 ? [] : [[plan.after.group, plan.kept, plan.live] as const])), whole.before);
  const added = named(plans.flatMap((plan) => (plan.after === undefined ? [] : [[plan.after.group, plan.added] as const])), whole.after);
  return [
    ...removed.map(({ name }): UpdateLine => ({ name, is: 'removed' })),
    ...restarted.map(({ name, keys }): UpdateLine => ({ name, is: 'restarted', keys })),
    ...live.map(({ name, keys }): UpdateLine => ({ name, is: 'live', keys })),
    ...added.map(({ name }): UpdateLine => ({ name, is: 'added' })),
  ];
}

type Concerned = readonly [group: string, processes: readonly string[], keys?: readonly string[]];

/** A group by its name where all of it is concerned, and else each process. */
function named(concerned: readonly Concerned[], whole: GroupProcesses): readonly { readonly name: string; readonly keys: readonly string[] }[] {
  return [...new Set(concerned.map(([group]) => group))].sort().flatMap((group) => {
    const parts = concerned.filter((each) => each[0] === group);
    const processes = parts.flatMap(([, names]) => names);
    if (processes.length === 0) return [];
    if (processes.length === whole.get(group)?.length) return [{ name: group, keys: [...new Set(parts.flatMap(([, , keys = []]) => keys))] }];
    return parts.flatMap(([, names, keys = []]) => names.map((name) => ({ name, keys })));
  });
}
