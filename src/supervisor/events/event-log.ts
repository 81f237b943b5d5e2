import { LEGACY_NAMESPACE } from '../../runtime/state-dir/container-key';
import { isUnusable, moveAside } from '../../sys/database-files';
import { faultPoint } from '../../sys/fault';
import { type Db, openDatabase } from './event-log-schema';
import { type LogStatements, prepareStatements } from './event-log-statements';
import { LogRoom } from './log-room';
import { Retention } from './retention';
import type { EndName, EndProgress, EventDetail, EventSelection, EventType, Fact, NewEvent, RecordedEnd, StoredEvent, StoredSubscription, ToldStart, UntoldEnd } from './event';
import { type EventRow, toEvent } from './event-row';

export interface EventLogOptions {
  readonly path: string;
  /** Told events that are kept for their number; which others are, `Retention` says. */
  readonly retainCount: number;
  /** Last ends of containers that are kept; for tests. */
  readonly maxEnds?: number;
  /** The database was unusable: it lies at `aside` now, and a new one is in use. */
  readonly onMovedAside?: (aside: string, cause: unknown) => void;
  /** Called for each event that is written to be told. */
  readonly onTold?: () => void;
}

/**
 * The event log: SQLite in a plain file of the state directory.
 *
 * An event is in it before anyone hears of it. An exit is written twice: `recordEnd`
 * makes it durable, once per namespace, container, process and start, and `tell` gives it its
 * place in the order of events, after what the process left has been removed.
 * All calls are synchronous, cost 10 to 20 µs, and throw what SQLite throws
 * (`SQLITE_FULL`, `SQLITE_IOERR…`); a call that threw has changed nothing.
 */
export class EventLog {
  /** For ends alone: a start is refused where there is no other room. */
  readonly #room: LogRoom;
  readonly #db: Db;
  readonly #statements: LogStatements;
  readonly #retention: Retention;
  #lastNs: bigint;
  #lastId: bigint;

  constructor(readonly options: EventLogOptions) {
    this.#room = new LogRoom(`${options.path}-room`);
    this.#db = openOrReplace(options);
    this.#statements = prepareStatements(this.#db);
    const last = this.#statements.last.get() as { last: bigint | null; id: bigint | null };
    this.#lastNs = last.last ?? 0n;
    this.#lastId = last.id ?? 0n;
    this.#retention = new Retention(this.#db, this, options.retainCount, options.maxEnds);
  }

  /** The newest told event's time; 0 where there is none. */
  get lastNs(): bigint {
    return this.#lastNs;
  }

  /** The newest told event's id; 0 where there is none. */
  get lastId(): bigint {
    return this.#lastId;
  }

  /** The oldest id that is kept; undefined where none is. */
  get firstId(): bigint | undefined {
    return (this.#statements.first.get() as { id: bigint | null }).id ?? undefined;
  }

  /** The cursor of a reader that has read the events up to this id: 0 where nothing that is kept is so old. */
  cursorAfter(eventId: bigint): bigint {
    return (this.#statements.timeOf.get(eventId, 1) as { told_ns: bigint } | undefined)?.told_ns ?? 0n;
  }

  /** Of these, events up to this time may have been dropped: who has read less has missed something. 0 where none was. */
  droppedThroughNs({ namespace, containerId }: EventSelection = {}): bigint {
    return this.#retention.droppedNs(containerId === undefined ? namespace : (namespace ?? LEGACY_NAMESPACE), containerId);
  }

  /** Told events that are kept now. */
  get told(): number {
    return this.#retention.told;
  }

  /** Writes an event that is told at once, and a fact that belongs to it: both are in the log, or neither. */
  append(event: NewEvent, fact?: Fact, atNs = this.#nextNs()): StoredEvent {
    faultPoint('daemon.log.append');
    const namespace = event.namespace ?? LEGACY_NAMESPACE;
    const { type, containerId, processId, status, startKey } = event;
    const more = moreOf(event);
    const eventId = this.#lastId + 1n;
    const by = [event.by?.uid ?? null, event.by?.pid ?? null];
    const insert = (): unknown => this.#statements.insert.run(atNs, type, namespace, containerId, processId, status, startKey, ...more, eventId, ...by);
    if (fact === undefined) {
      insert();
    } else {
      this.inOneGo(() => {
        this.setFact(fact.name, fact.value);
        insert();
      });
    }
    this.#toldOne(atNs, type, namespace, containerId, more[2]?.length ?? 0);
    return { ...event, namespace, timestampNs: atNs, eventId };
  }

  /** Makes an end durable. Repeatable: the first status counts. */
  recordEnd(end: RecordedEnd): EndProgress {
    faultPoint('daemon.log.record-end');
    const { namespace = LEGACY_NAMESPACE, containerId, processId, status, startKey } = end;
    const { changes } = this.#statements.insertEnd.run(namespace, containerId, processId, status, startKey, ...moreOf(end));
    if (changes === 1) return 'recorded';
    const row = this.#statements.findEnd.get(namespace, containerId, processId, startKey) as EventRow;
    return row.told_ns === null ? 'already-recorded' : 'already-told';
  }

  /** Tells a recorded end; `undefined` if it has been told before. */
  tell(end: EndName): StoredEvent | undefined {
    return this.#counted(this.#tell(end));
  }

  /** Makes an end durable and tells it, in one transaction; `undefined` if it has been told before. @param between is called when it is recorded */
  recordAndTell(end: RecordedEnd, between: () => void): StoredEvent | undefined {
    const row = this.inOneGo(() => {
      this.recordEnd(end);
      between();
      return this.#tell(end);
    });
    return this.#counted(row);
  }

  /** Ends that were recorded and not told, oldest first: what a restart has to finish. */
  untold(): UntoldEnd[] {
    const rows = this.#statements.untold.all() as EventRow[];
    return rows.map((row) => toEvent({ ...row, told_ns: 0n }));
  }

  /** Takes back an end that was recorded and not told. */
  forgetEnd({ namespace = LEGACY_NAMESPACE, containerId, processId, startKey }: EndName): void {
    this.#statements.forgetEnd.run(namespace, containerId, processId, startKey);
  }

  /** How a process ended, as far as it is recorded and has not been dropped. */
  endOf({ namespace = LEGACY_NAMESPACE, containerId, processId, startKey }: EndName): StoredEvent | undefined {
    const row = this.#statements.findEnd.get(namespace, containerId, processId, startKey) as EventRow | undefined;
    return row === undefined ? undefined : toEvent({ ...row, told_ns: row.told_ns ?? 0n });
  }

  /** The newest start of a process that was told to anyone. */
  lastStart(containerId: string, processId: string, namespace = LEGACY_NAMESPACE): ToldStart | undefined {
    const row = this.#statements.lastStart.get(namespace, containerId, processId === 'init' ? '' : processId) as
      | { readonly start_key: string; readonly ended: bigint }
      | undefined;
    return row === undefined ? undefined : { startKey: row.start_key, hasEnded: row.ended !== 0n };
  }

  /** Told events strictly newer than `timestampNs`, oldest first, at most `limit`. */
  after(timestampNs: bigint, limit: number, { namespace, containerId }: EventSelection = {}): StoredEvent[] {
    const { after, afterIn, afterOf } = this.#statements;
    let rows: unknown[];
    if (containerId !== undefined) rows = afterOf.all(timestampNs, namespace ?? LEGACY_NAMESPACE, containerId, limit);
    else if (namespace !== undefined) rows = afterIn.all(timestampNs, namespace, limit);
    else rows = after.all(timestampNs, limit);
    return (rows as EventRow[]).map(toEvent);
  }

  /** What a subscriber of the namespace's tasks must be sent that has read up to `cursorNs`, oldest first, at most `limit`. */
  heldSince(cursorNs: bigint, namespace: string, limit: number): StoredEvent[] {
    return (this.#statements.held.all(cursorNs, namespace, limit) as EventRow[]).map(toEvent);
  }

  /** Subscriptions for which events are held. */
  subscriptions(): StoredSubscription[] {
    const rows = this.#statements.subscriptions.all() as { name: string; namespace: string; cursor_ns: bigint; client: string | null }[];
    return rows.map(({ name, namespace, cursor_ns: cursorNs, client }) => ({ name, namespace, cursorNs, client: client ?? undefined }));
  }

  /** From now on what is newer is held for it. */
  setSubscription({ name, namespace, cursorNs, client }: StoredSubscription): void {
    this.#statements.setSubscription.run(name, namespace, cursorNs, client ?? null);
  }

  dropSubscription(name: string): void {
    this.#statements.dropSubscription.run(name);
  }

  /** Drops what was held of a namespace for subscriptions alone and has been sent to all. */
  release(namespace: string): void {
    this.#retention.release(namespace);
  }

  /** A fact that is kept beside the events. */
  fact(name: string): string | undefined {
    const row = this.#statements.fact.get(name) as { value: string } | undefined;
    return row?.value;
  }

  /** Names of the facts that begin with this. */
  factNames(beginning: string): string[] {
    return (this.#statements.factNames.all(beginning, beginning) as { name: string }[]).map(({ name }) => name);
  }

  setFact(name: string, value: string): void {
    this.#statements.setFact.run(name, value);
  }

  dropFact(name: string): void {
    this.#statements.dropFact.run(name);
  }

  /** Runs `work` in one transaction: all of it is in the log, or nothing. */
  inOneGo<T>(work: () => T): T {
    return this.#db.transaction(work)();
  }

  /** Gives up what room is kept for ends, where one could not be written for want of any. @returns whether to try again */
  makeRoom(error: unknown): boolean {
    if (!this.#room.giveTo(error)) return false;
    try {
      // The write-ahead log holds few pages of the database many times over: now is the time to empty it.
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // There may be room all the same.
    }
    return true;
  }

  /** Takes the room again that was given up, if there is any. */
  keepRoom(): void {
    this.#room.keep();
  }

  close(): void {
    this.#room.close();
    if (this.#db.open) this.#db.close();
  }

  /** Clients resume with "strictly newer than the last one I saw", so no two events share a time. */
  #nextNs(): bigint {
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    return nowNs > this.#lastNs ? nowNs : this.#lastNs + 1n;
  }

  #tell({ namespace = LEGACY_NAMESPACE, containerId, processId, startKey }: EndName): EventRow | undefined {
    faultPoint('daemon.log.tell-end');
    const { changes } = this.#statements.tellEnd.run(this.#nextNs(), this.#lastId + 1n, namespace, containerId, processId, startKey);
    return changes === 0 ? undefined : (this.#statements.findEnd.get(namespace, containerId, processId, startKey) as EventRow);
  }

  /** Once it is in the log: what is counted here no rollback takes back. */
  #counted(row: EventRow | undefined): StoredEvent | undefined {
    if (row === undefined) return undefined;
    const event = toEvent(row);
    this.#toldOne(event.timestampNs, 'exit', event.namespace, event.containerId, row.detail?.length ?? 0);
    return event;
  }

  #toldOne(atNs: bigint, type: EventType, namespace: string, containerId: string, detailBytes: number): void {
    if (atNs > this.#lastNs) this.#lastNs = atNs;
    this.#lastId += 1n;
    this.options.onTold?.();
    this.#retention.add(type, namespace, containerId, detailBytes);
  }
}

type Columns = readonly [pid: number | null, exitedNs: bigint | null, detail: Uint8Array | string | null];

/** What few events have. */
function moreOf({ pid, exitedAtNs, detail }: Pick<NewEvent, 'pid' | 'exitedAtNs' | 'detail'>): Columns {
  return [pid ?? null, exitedAtNs ?? null, detail === undefined ? null : columnOf(detail)];
}

function columnOf(detail: EventDetail): Uint8Array | string {
  return detail instanceof Uint8Array ? detail : JSON.stringify(detail);
}

function openOrReplace(options: EventLogOptions): Db {
  try {
    faultPoint('daemon.log.open');
    return openDatabase(options.path);
  } catch (error) {
    if (!isUnusable(error, options.path)) throw error;
    const aside = moveAside(options.path, new Date());
    options.onMovedAside?.(aside, error);
    return openDatabase(options.path);
  }
}
