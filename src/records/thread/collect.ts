import { type Holdings, unreachableOf } from '../reachable';
import type { SnapshotName } from '../snapshot-record';
import type { Tables } from './tables';

/** What nothing kept, and is not in the records any more. */
export interface Collected {
  readonly leases: readonly { readonly namespace: string; readonly id: string }[];
  readonly content: readonly { readonly namespace: string; readonly digest: string }[];
  readonly ingests: readonly { readonly namespace: string; readonly ref: string }[];
  readonly snapshots: readonly (SnapshotName & { readonly directory: number })[];
  /** When the next run may find something by the clock alone: nanoseconds since 1970. */
  readonly nextExpiryNs: bigint | undefined;
}

/** Takes away what nothing keeps, of each namespace: what they have is looked at in the transaction that takes it away. */
export function collect(tables: Tables, nowNs: bigint): Collected {
  const { content, leases, snapshots } = tables;
  const collected = { leases: [] as Collected['leases'][number][], content: [] as Collected['content'][number][], ingests: [] as Collected['ingests'][number][], snapshots: [] as Collected['snapshots'][number][] };
  let nextExpiryNs: bigint | undefined;
  for (const [namespace, holdings] of holdingsOf(tables)) {
    const unreachable = unreachableOf(holdings, nowNs);
    for (const id of unreachable.leases) {
      leases.delete(namespace, id);
      collected.leases.push({ namespace, id });
    }
    for (const digest of unreachable.content) {
      content.delete(namespace, digest);
      collected.content.push({ namespace, digest });
    }
    for (const ref of unreachable.ingests) {
      content.deleteIngest(namespace, ref);
      collected.ingests.push({ namespace, ref });
    }
    for (const { snapshotter, name } of unreachable.snapshots) {
      const directory = snapshots.find({ namespace, snapshotter, name })?.directory ?? 0;
      snapshots.collect({ namespace, snapshotter, name });
      collected.snapshots.push({ namespace, snapshotter, name, directory });
    }
    const next = unreachable.nextExpiryNs;
    if (next !== undefined && (nextExpiryNs === undefined || next < nextExpiryNs)) nextExpiryNs = next;
  }
  return { ...collected, nextExpiryNs };
}

type Mutable = { -readonly [Kind in keyof Holdings]: Holdings[Kind][number][] };

/** By namespace: only of those that have something that could be collected. */
function holdingsOf({ leases, images, containers, content, snapshots }: Tables): ReadonlyMap<string, Holdings> {
  const all = new Map<string, Mutable>();
  const of = (namespace: string): Mutable => {
    const holdings = all.get(namespace) ?? { leases: [], images: [], containers: [], content: [], snapshots: [], ingests: [] };
    all.set(namespace, holdings);
    return holdings;
  };
  for (const { namespace, lease, resources } of leases.list()) of(namespace).leases.push({ ...lease, resources });
  for (const { namespace, record } of content.list()) of(namespace).content.push(record);
  for (const { namespace, record } of content.listIngests()) of(namespace).ingests.push(record);
  for (const { namespace, record } of snapshots.list()) of(namespace).snapshots.push(record);
  if (all.size === 0) return all;
  for (const { namespace, record } of images.list()) of(namespace).images.push({ labels: record.labels, digest: record.target.digest });
  for (const { namespace, ...reference } of containers.references()) of(namespace).containers.push(reference);
  return all;
}
