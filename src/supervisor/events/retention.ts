import type { Db } from './event-log-schema';
import { type RetentionStatements, prepareRetention } from './retention-statements';

/** The events of one container that nothing but their number keeps. */
interface Share {
  readonly namespace: string;
  readonly container: string;
  /** Events newer than what has been looked at. */
  count: number;
  /** Up to here its events have been looked at, and all were dropped that nothing keeps; 0 where only those of all were. */
  passedNs: bigint;
}

interface PassedRow {
  readonly told_ns: bigint;
  readonly type: string;
  readonly namespace: string;
  readonly container: string;
  readonly process: string;
  readonly start_key: string;
  readonly bytes: bigint;
}

/** How long a row has been there that is dropped for another's sake: counted among the new ones, or looked at before. */
type Standing = 'counted' | 'passed';

/** What the retention reads and writes beside the events. */
export interface Facts {
  fact(name: string): string | undefined;
  setFact(name: string, value: string): void;
  inOneGo<T>(work: () => T): T;
}

/** Dropping costs a transaction; it is done once for this many events beyond what is retained, or for a sixteenth of that. */
const leastSlack = 64;
/** One container's share of the retained events, from which on its oldest go before anyone else's. */
const shareOfAll = 8;
/** OOM kills of one container that are kept: a loop in a small container makes a hundred in a second, and each says the same. */
const ooms = 8;
/** Far above what a host has of containers at a time; a last end takes 0.3 to 0.5 KiB. */
const defaultMaxEnds = 16_384;
const endsSlack = 256;
/** Details are bounded in all: they may be as large as a message. */
const maxDetailBytes = 8n << 20n;

const allPassed = 'trimmed-through-ns';
const droppedOf = 'dropped-through-ns ';

/**
 * Which told events stay in the log. `retainCount` of them, and a sixteenth (at least 64) more, stay for their number alone: the newest
 * half whosever they are, for subscribers that are just reading; of the older half those of a container that has more than an
 * eighth of all go first, so that one that makes many pushes nobody else's out. Beside them stay the starts of what has not ended,
 * the last end of each container (the newest 16,384 of those), and what is held for a subscription.
 *
 * It knows how far something has been dropped, of which namespace and of which container, so that a cursor from before can be told.
 */
export class Retention {
  readonly #statements: RetentionStatements;
  readonly #shares = new Map<string, Map<string, Share>>();
  readonly #noisy = new Set<Share>();
  /** The newest event that was dropped, for each namespace. */
  readonly #droppedNs = new Map<string, bigint>();
  readonly #retained: number;
  readonly #slack: number;
  #recent = 0;
  #detailBytes = 0n;
  #told = 0;
  #keptEnds = 0;
  #passedNs = 0n;
  /** Beyond how many it is tried next; more than usual after a disk has refused. */
  #due: number;
  /** What is counted here is not what the database holds. */
  #isStale = false;

  constructor(db: Db, private readonly facts: Facts, retainCount: number, private readonly maxEnds = defaultMaxEnds) {
    this.#statements = prepareRetention(db);
    // The newest stays in any case: it has been written just now, and no subscriber has heard of it yet.
    this.#retained = Math.max(retainCount, 1);
    this.#slack = Math.max(leastSlack, Math.floor(this.#retained / 16));
    this.#due = this.#retained + this.#slack;
    this.#load();
  }

  /** Told events that are kept now. */
  get told(): number {
    return this.#told;
  }

  /**
   * Events up to this time may have been dropped; 0 where none was.
   * @param namespace of any where it is left out
   * @param containerId of that container alone
   */
  droppedNs(namespace?: string, containerId?: string): bigint {
    if (namespace === undefined) return [...this.#droppedNs.values()].reduce((most, ns) => (ns > most ? ns : most), 0n);
    const dropped = this.#droppedNs.get(namespace) ?? 0n;
    if (containerId === undefined) return dropped;
    const own = this.#shares.get(namespace)?.get(containerId)?.passedNs ?? 0n;
    const passed = own > this.#passedNs ? own : this.#passedNs;
    return passed < dropped ? passed : dropped;
  }

  /** An event has been told. What is too many then goes, unless the disk refuses that: then later. */
  add(type: string, namespace: string, container: string, detailBytes: number): void {
    const share = this.#shareOf(namespace, container);
    share.count += 1;
    if (share.count > this.#retained / shareOfAll) this.#noisy.add(share);
    this.#recent += 1;
    this.#told += 1;
    this.#detailBytes += BigInt(detailBytes);
    if (type === 'oom') this.#attempt(() => { this.#dropOoms(namespace, container); });
    if (this.#recent > this.#due || (this.#detailBytes > maxDetailBytes && this.#recent > 1)) this.#attempt(() => { this.#trim(); });
  }

  /** What was held for the subscriptions of a namespace need not be any more, so far as all of them have been sent it. */
  release(namespace: string): void {
    this.#attempt(() => { this.#forget(this.#statements.dropDelivered.all(this.#passedNs, namespace), 'passed'); });
  }

  #attempt(work: () => void): void {
    try {
      if (this.#isStale) this.#load();
      this.facts.inOneGo(work);
      this.#due = this.#retained + this.#slack;
    } catch {
      // A full disk can refuse a delete too. Nothing was dropped, whatever is counted here; the event is in all the same.
      this.#isStale = true;
      this.#due = this.#recent + this.#slack;
    }
  }

  #trim(): void {
    const half = this.#statements.nthNewest.get(Math.ceil(this.#retained / 2)) as { told_ns: bigint } | undefined;
    const least = Math.max(Math.floor(this.#retained / shareOfAll), 1);
    for (const share of this.#noisy) {
      const surplus = Math.min(this.#recent - this.#retained, share.count - least);
      if (surplus > 0 && half !== undefined) this.#passOf(share, surplus, half.told_ns);
    }
    while (this.#recent > this.#retained) this.#pass(this.#recent - this.#retained);
    while (this.#detailBytes > maxDetailBytes / 2n && this.#recent > 1) this.#pass(Math.floor(this.#recent / 2));
    if (this.#keptEnds > this.maxEnds + endsSlack) this.#forget(this.#statements.dropOldestEnds.all(this.#passedNs, this.#keptEnds - this.maxEnds), 'passed');
  }

  /** Looks at the oldest `count` of one container's events that are no newer than `lastNs`. */
  #passOf(share: Share, count: number, lastNs: bigint): void {
    const { namespace, container } = share;
    const from = share.passedNs > this.#passedNs ? share.passedNs : this.#passedNs;
    const nth = this.#statements.nthOf.get(from, namespace, container, count - 1) as { told_ns: bigint } | undefined;
    const to = nth === undefined || nth.told_ns > lastNs ? lastNs : nth.told_ns;
    if (to <= from) return;
    const range = [from, to, namespace, container] as const;
    this.#forget(this.#statements.dropOf.all(range), 'counted');
    this.#settle(this.#statements.keptOf.all(range));
    share.passedNs = to;
    this.#statements.setPassed.run(namespace, container, to);
  }

  /** Looks at the oldest `count` events of all. */
  #pass(count: number): void {
    const from = this.#passedNs;
    const { told_ns: to } = this.#statements.nth.get(from, count - 1) as { told_ns: bigint };
    this.#forget(this.#statements.drop.all(from, to), 'counted');
    this.#settle(this.#statements.kept.all(from, to));
    this.#passedNs = to;
    this.facts.setFact(allPassed, String(to));
  }

  /** Rows that were looked at, and stay. */
  #settle(rows: unknown[]): void {
    for (const row of rows as PassedRow[]) {
      if (!this.#uncount(row)) continue;
      if (isEnd(row)) this.#keptEnds += 1;
      this.#dropStartOf(row);
      // It is the last one: the ends before it were kept for want of it.
      if (row.type === 'exit' && row.process === 'init') {
        this.#forget(this.#statements.dropOlderEnds.all(row.namespace, row.container, row.told_ns), 'passed');
      }
    }
  }

  /** Rows that were dropped just now. */
  #forget(rows: unknown[], standing: Standing): void {
    for (const row of rows as PassedRow[]) {
      this.#told -= 1;
      if (row.told_ns > (this.#droppedNs.get(row.namespace) ?? 0n)) {
        this.#droppedNs.set(row.namespace, row.told_ns);
        this.facts.setFact(droppedOf + row.namespace, String(row.told_ns));
      }
      if (standing === 'counted' && this.#uncount(row)) this.#dropStartOf(row);
      else if (isEnd(row)) this.#keptEnds -= 1;
    }
  }

  /** With an end goes the start that was kept for want of it. */
  #dropStartOf({ type, namespace, container, process, start_key: startKey, told_ns: toldNs }: PassedRow): void {
    if (type !== 'exit') return;
    this.#forget(this.#statements.dropStart.all(toldNs, namespace, container, process === 'init' ? '' : process, startKey), 'passed');
  }

  /** @returns whether it was among the new ones until now */
  #uncount({ namespace, container, told_ns: toldNs, bytes }: PassedRow): boolean {
    const share = this.#shares.get(namespace)?.get(container);
    if (share === undefined || toldNs <= share.passedNs || toldNs <= this.#passedNs) return false;
    share.count -= 1;
    this.#recent -= 1;
    this.#detailBytes -= bytes;
    if (share.count <= this.#retained / shareOfAll) this.#noisy.delete(share);
    if (share.count === 0) this.#dropShare(share);
    return true;
  }

  #dropShare({ namespace, container, passedNs }: Share): void {
    const ofNamespace = this.#shares.get(namespace);
    ofNamespace?.delete(container);
    if (ofNamespace?.size === 0) this.#shares.delete(namespace);
    if (passedNs > 0n) this.#statements.forgetPassed.run(namespace, container);
  }

  #dropOoms(namespace: string, container: string): void {
    for (const row of this.#statements.dropOoms.all(namespace, container, ooms) as PassedRow[]) {
      this.#told -= 1;
      if (!this.#uncount(row)) this.#keptEnds -= 1;
    }
  }

  #shareOf(namespace: string, container: string, passedNs = 0n): Share {
    let ofNamespace = this.#shares.get(namespace);
    if (ofNamespace === undefined) this.#shares.set(namespace, (ofNamespace = new Map<string, Share>()));
    let share = ofNamespace.get(container);
    if (share === undefined) ofNamespace.set(container, (share = { namespace, container, count: 0, passedNs }));
    return share;
  }

  #load(): void {
    this.#isStale = false;
    this.#shares.clear();
    this.#noisy.clear();
    this.#droppedNs.clear();
    this.#recent = 0;
    this.#detailBytes = 0n;
    this.#passedNs = BigInt(this.facts.fact(allPassed) ?? '0');
    for (const { name, value } of this.#statements.namedLike.all(`${droppedOf}*`) as { name: string; value: string }[]) {
      this.#droppedNs.set(name.slice(droppedOf.length), BigInt(value));
    }
    type Count = { namespace: string; container: string; count: bigint; bytes: number; passed_ns: bigint };
    for (const { namespace, container, count, bytes, passed_ns: passedNs } of this.#statements.counts.all(this.#passedNs) as Count[]) {
      const share = this.#shareOf(namespace, container, passedNs);
      share.count = Number(count);
      if (share.count > this.#retained / shareOfAll) this.#noisy.add(share);
      this.#recent += share.count;
      this.#detailBytes += BigInt(bytes);
    }
    this.#told = Number((this.#statements.told.get() as { count: bigint }).count);
    this.#keptEnds = Number((this.#statements.keptEnds.get(this.#passedNs) as { count: bigint }).count);
  }
}

/** As the statements count them: an end, and what is held like one. */
function isEnd({ type }: PassedRow): boolean {
  return type === 'exit' || type === 'oom' || type === 'delete';
}
