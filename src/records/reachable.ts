import type { Labels } from './labels';
import type { LeaseResource } from './lease-record';

/**
 * What one namespace has, as far as it keeps something or is kept. What refers to what is containerd's: labels of clients,
 * which they rely on (docs/images.md).
 */
export interface Holdings {
  readonly leases: readonly { readonly id: string; readonly labels: Labels; readonly resources: readonly LeaseResource[] }[];
  readonly images: readonly { readonly labels: Labels; readonly digest: string }[];
  readonly containers: readonly { readonly labels: Labels; readonly snapshotter: string; readonly snapshotKey: string }[];
  readonly content: readonly { readonly digest: string; readonly labels: Labels }[];
  readonly snapshots: readonly { readonly snapshotter: string; readonly name: string; readonly parent: string; readonly labels: Labels }[];
  readonly ingests: readonly { readonly ref: string; readonly expected: string; readonly startedNs: bigint }[];
}

/** What nothing keeps. */
export interface Unreachable {
  readonly leases: readonly string[];
  readonly content: readonly string[];
  readonly snapshots: readonly { readonly snapshotter: string; readonly name: string }[];
  readonly ingests: readonly string[];
  /** When the next of what is kept may be kept no more, by the clock alone; undefined: never. Nanoseconds since 1970. */
  readonly nextExpiryNs: bigint | undefined;
}

const ROOT = 'containerd.io/gc.root';
const FLAT = 'containerd.io/gc.flat';
const EXPIRE = 'containerd.io/gc.expire';
const CONTENT = 'containerd.io/gc.ref.content';
const SNAPSHOT = 'containerd.io/gc.ref.snapshot.';
/** A blob that nobody goes on writing is kept for a day. */
const ingestLifeNs = 24n * 3600n * 1_000_000_000n;

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Marks all that leases, images, containers and ingests keep, and what that refers to. */
export function unreachableOf(holdings: Holdings, nowNs: bigint): Unreachable {
  const mark = new Mark(holdings);
  const expiries: bigint[] = [];
  const keep = (expiryNs: bigint | undefined): boolean => {
    if (expiryNs === undefined) return true;
    if (expiryNs < nowNs) return false;
    expiries.push(expiryNs);
    return true;
  };

  const leases = holdings.leases.filter(({ labels }) => !keep(expiryOf(labels)));
  const expired = new Set(leases);
  for (const lease of holdings.leases) {
    if (!expired.has(lease)) for (const resource of lease.resources) mark.resource(resource, lease.labels.has(FLAT));
  }
  for (const { labels, digest } of holdings.images) {
    mark.content(digest);
    mark.labels(labels);
  }
  for (const { labels, snapshotter, snapshotKey } of holdings.containers) {
    mark.snapshot(snapshotter, snapshotKey);
    mark.labels(labels);
  }
  for (const { digest, labels } of holdings.content) if (labels.has(ROOT)) mark.content(digest);
  for (const { snapshotter, name, labels } of holdings.snapshots) if (labels.has(ROOT)) mark.snapshot(snapshotter, name);
  for (const { ref, startedNs } of holdings.ingests) if (!mark.hasIngest(ref) && keep(startedNs + ingestLifeNs)) mark.ingest(ref);
  mark.follow();

  return {
    leases: leases.map(({ id }) => id),
    content: holdings.content.filter(({ digest }) => !mark.hasContent(digest)).map(({ digest }) => digest),
    snapshots: holdings.snapshots.filter(({ snapshotter, name }) => !mark.hasSnapshot(snapshotter, name)),
    ingests: holdings.ingests.filter(({ ref }) => !mark.hasIngest(ref)).map(({ ref }) => ref),
    nextExpiryNs: expiries.reduce<bigint | undefined>((least, one) => (least === undefined || one < least ? one : least), undefined),
  };
}

/** A time that cannot be read is none: such a lease stays until it is deleted. */
function expiryOf(labels: Labels): bigint | undefined {
  const text = labels.get(EXPIRE) ?? '';
  const ms = rfc3339.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n;
}

/** The marks of one run. */
class Mark {
  readonly #contentLabels: ReadonlyMap<string, Labels>;
  readonly #snapshots: ReadonlyMap<string, Holdings['snapshots'][number]>;
  readonly #expected: ReadonlyMap<string, string>;
  readonly #content = new Set<string>();
  readonly #snapshotKeys = new Set<string>();
  readonly #ingests = new Set<string>();
  /** Of these the labels count, too: what a flat lease keeps is kept, and nothing that it refers to. */
  readonly #followed = new Set<string>();
  readonly #toFollow: (() => void)[] = [];

  constructor({ content, snapshots, ingests }: Holdings) {
    this.#contentLabels = new Map(content.map(({ digest, labels }) => [digest, labels]));
    this.#snapshots = new Map(snapshots.map((one) => [snapshotKeyOf(one.snapshotter, one.name), one]));
    this.#expected = new Map(ingests.map(({ ref, expected }) => [ref, expected]));
  }

  content(digest: string, isFlat = false): void {
    this.#content.add(digest);
    if (!isFlat) this.#followLabels(`content ${digest}`, this.#contentLabels.get(digest));
  }

  snapshot(snapshotter: string, name: string, isFlat = false): void {
    const key = snapshotKeyOf(snapshotter, name);
    const found = this.#snapshots.get(key);
    const isNew = !this.#snapshotKeys.has(key);
    this.#snapshotKeys.add(key);
    // A parent's own labels count where the child's do.
    const parent = found?.parent ?? '';
    if (parent !== '' && (isNew || (!isFlat && !this.#followed.has(`snapshot ${key}`)))) this.#toFollow.push(() => { this.snapshot(snapshotter, parent, isFlat); });
    if (!isFlat) this.#followLabels(`snapshot ${key}`, found?.labels);
  }

  ingest(ref: string): void {
    this.#ingests.add(ref);
    const expected = this.#expected.get(ref) ?? '';
    if (expected !== '') this.content(expected);
  }

  resource({ type, id }: LeaseResource, isFlat: boolean): void {
    const [kind, snapshotter = ''] = type.split('/');
    if (kind === 'content') this.content(id, isFlat);
    else if (kind === 'snapshots') this.snapshot(snapshotter, id, isFlat);
    else if (kind === 'ingests') this.ingest(id);
  }

  labels(labels: Labels): void {
    for (const [name, value] of labels) {
      if (name.startsWith(CONTENT) && /^(?:$|[./])/.test(name.slice(CONTENT.length))) this.content(value);
      else if (name.startsWith(SNAPSHOT)) this.snapshot(name.slice(SNAPSHOT.length).split('/')[0] ?? '', value);
    }
  }

  /** A stack of its own: a chain of references is as long as a client makes it. */
  follow(): void {
    for (let next = this.#toFollow.pop(); next !== undefined; next = this.#toFollow.pop()) next();
  }

  hasContent(digest: string): boolean {
    return this.#content.has(digest);
  }

  hasSnapshot(snapshotter: string, name: string): boolean {
    return this.#snapshotKeys.has(snapshotKeyOf(snapshotter, name));
  }

  hasIngest(ref: string): boolean {
    return this.#ingests.has(ref);
  }

  #followLabels(node: string, labels: Labels | undefined): void {
    if (this.#followed.has(node)) return;
    this.#followed.add(node);
    if (labels !== undefined) this.#toFollow.push(() => { this.labels(labels); });
  }
}

function snapshotKeyOf(snapshotter: string, name: string): string {
  return `${snapshotter}/${name}`;
}
