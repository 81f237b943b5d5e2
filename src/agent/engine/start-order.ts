import type { ManagedDefinition } from './managed-definition';

/** In the order of their starts: by their groups' priorities, and then by their own. What has the same is started at once. */
export function inStartOrder(definitions: readonly ManagedDefinition[]): readonly (readonly ManagedDefinition[])[] {
  const ranks = new Map<string, ManagedDefinition[]>();
  for (const definition of [...definitions].sort(byPriority)) {
    const { groupPriority, priority } = definition.process;
    const rank = `${String(groupPriority)}:${String(priority)}`;
    ranks.set(rank, [...ranks.get(rank) ?? [], definition]);
  }
  return [...ranks.values()];
}

function byPriority({ process: a, name: nameA }: ManagedDefinition, { process: b, name: nameB }: ManagedDefinition): number {
  return a.groupPriority - b.groupPriority || a.priority - b.priority || (nameA < nameB ? -1 : 1);
}
