/** What a namespace of the model has: the same as the database, thought of in another way. */
export interface Model {
  readonly leases: Map<string, { expiresNs: bigint | undefined; isFlat: boolean; keeps: Set<string> }>;
  readonly images: Map<string, { digest: string; refers: readonly string[] }>;
  readonly containers: Map<string, { snapshot: string; refers: readonly string[] }>;
  /** Blobs `c:<digest>`, snapshots `s:<name>` and ingests `i:<ref>`: what they refer to, and whether they are kept by themselves. */
  readonly things: Map<string, { refers: readonly string[]; parent?: string; isRoot: boolean; startedNs?: bigint; expected?: string }>;
}

export function emptyModel(): Model {
  return { leases: new Map(), images: new Map(), containers: new Map(), things: new Map() };
}

const dayNs = 24n * 3600n * 1_000_000_000n;

/** Takes away what nothing keeps: whatever is kept is so by a rule that is looked for again and again until no rule says more. */
export function collectModel(model: Model, nowNs: bigint): void {
  for (const [id, { expiresNs }] of model.leases) if (expiresNs !== undefined && expiresNs < nowNs) model.leases.delete(id);
  /** Kept; and whether what it refers to is kept for it. */
  const kept = new Map<string, boolean>();
  const rules = (): (readonly [name: string, isFollowed: boolean])[] => [
    ...[...model.leases.values()].flatMap(({ keeps, isFlat }) => [...keeps].map((name) => [name, !isFlat || name.startsWith('i:')] as const)),
    ...[...model.images.values()].flatMap(({ digest, refers }) => [`c:${digest}`, ...refers].map((name) => [name, true] as const)),
    ...[...model.containers.values()].flatMap(({ snapshot, refers }) => [`s:${snapshot}`, ...refers].map((name) => [name, true] as const)),
    ...[...model.things].filter(([, { isRoot, startedNs }]) => isRoot || (startedNs !== undefined && startedNs + dayNs >= nowNs)).map(([name]) => [name, true] as const),
    ...[...kept].flatMap(([name, isFollowed]) => {
      const { refers = [], parent, expected } = model.things.get(name) ?? {};
      return [
        ...(isFollowed ? refers.map((other) => [other, true] as const) : []),
        ...(parent === undefined ? [] : [[`s:${parent}`, isFollowed] as const]),
        ...(expected === undefined ? [] : [[`c:${expected}`, true] as const]),
      ];
    }),
  ];
  for (let grows = true; grows;) {
    grows = false;
    for (const [name, isFollowed] of rules()) {
      if (kept.get(name) === true || kept.get(name) === isFollowed) continue;
      kept.set(name, isFollowed);
      grows = true;
    }
  }
  for (const name of [...model.things.keys()]) if (!kept.has(name)) model.things.delete(name);
}
