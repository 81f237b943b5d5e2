import type { Statement } from 'better-sqlite3';
import { faultPoint } from '../sys/fault';
import { type Db, isUnusable, moveAside, openDatabase } from './event-log-schema';
import { type LogStatements, prepareStatements } from './event-log-statements';
import { LogRoom } from './log-room';
import type { EventType, NewEvent, RecordedEnd, StoredEvent } from './event';

export interface EventLogOptions {
  readonly path: string;
  /** Told events that are kept; older ones go, a few at a time, except the starts of what has not ended. */
  readonly retainCount: number;
  /** The database was unusable: it lies at `aside` now, and a new one is in use. */
  readonly onMovedAside?: (aside: string, cause: unknown) => void;
  /** Called for each event that is written to be told. */
  readonly onTold?: () => void;
}

/** Where an end stands that is recorded (again). */
export type EndProgress = 'recorded' | 'already-recorded' | 'already-told';

/** Something that is kept beside the events, under a name of its own. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** A start that was told. */
export interface ToldStart {
  readonly startKey: string;
  /** Its end is in the log, told or not. */
  readonly hasEnded: boolean;
}

interface Row {
  readonly told_ns: bigint | null;
  readonly type: string;
  readonly container: string;
  readonly process: string;
  readonly status: bigint;
  readonly start_key: string;
}

/** Trimming costs a delete; it is done once for this many events beyond what is retained. */
const trimSlack = 64;

/**
 * The event log: SQLite in a plain file of the state directory.
 *
 * An event is in it before anyone hears of it. An exit is written twice: `recordEnd`
 * makes it durable, once per container, process and start, and `tell` gives it its
 * place in the order of events, after what the process left has been removed.
 * All calls are synchronous, cost 10 to 20 µs, and throw what SQLite throws
 * (`SQLITE_FULL`, `SQLITE_IOERR…`); a call that threw has changed nothing.
 */
export class EventLog {
  /** For ends alone: a start is refused where there is no other room. */
  readonly #room: LogRoom;
  readonly #db: Db;
  readonly #statements: LogStatements;
  /** Statements that are not used again, and must not become garbage. */
  readonly #kept: Statement[] = [];
  #lastNs: bigint;
  #trimmedThroughNs: bigint;
  #told: number;
  /** What the last trimming left: starts of what runs are kept beyond `retainCount`. */
  #leftByTrim = 0;

  constructor(readonly options: EventLogOptions) {
    this.#room = new LogRoom(`${options.path}-room`);
    this.#db = openOrReplace(options, (statement) => this.#kept.push(statement));
    this.#statements = prepareStatements(this.#db);
    const range = this.#statements.range.get() as { last: bigint | null; told: bigint };
    this.#lastNs = range.last ?? 0n;
    this.#told = Number(range.told);
    this.#trimmedThroughNs = BigInt(this.fact('trimmed-through-ns') ?? '0');
  }

  /** The newest told event's time; 0 where there is none. */
  get lastNs(): bigint {
    return this.#lastNs;
  }

  /** Events up to this time may have been dropped by `retainCount`. */
  get trimmedThroughNs(): bigint {
    return this.#trimmedThroughNs;
  }

  /** Told events that are kept now. */
  get told(): number {
    return this.#told;
  }

  /** Writes an event that is told at once, and a fact that belongs to it: both are in the log, or neither. */
  append(event: NewEvent, fact?: Fact, atNs = this.#nextNs()): StoredEvent {
    faultPoint('daemon.log.append');
    const insert = (): unknown =>
      this.#statements.insert.run(atNs, event.type, event.containerId, event.processId, event.status, event.startKey);
    if (fact === undefined) {
      insert();
    } else {
      this.inOneGo(() => {
        this.setFact(fact.name, fact.value);
        insert();
      });
    }
    this.#toldOne(atNs);
    return { ...event, timestampNs: atNs };
  }

  /** Makes an end durable. Repeatable: the first status counts. */
  recordEnd(end: RecordedEnd): EndProgress {
    faultPoint('daemon.log.record-end');
    const { changes } = this.#statements.insertEnd.run(end.containerId, end.processId, end.status, end.startKey);
    if (changes === 1) return 'recorded';
    const row = this.#statements.findEnd.get(end.containerId, end.processId, end.startKey) as Row;
    return row.told_ns === null ? 'already-recorded' : 'already-told';
  }

  /** Tells a recorded end; `undefined` if it has been told before. */
  tell(end: Omit<RecordedEnd, 'status'>): StoredEvent | undefined {
    faultPoint('daemon.log.tell-end');
    const atNs = this.#nextNs();
    const { changes } = this.#statements.tellEnd.run(atNs, end.containerId, end.processId, end.startKey);
    if (changes === 0) return undefined;
    const told = toEvent(this.#statements.findEnd.get(end.containerId, end.processId, end.startKey) as Row);
    this.#toldOne(atNs);
    return told;
  }

  /** Ends that were recorded and not told, oldest first: what a restart has to finish. */
  untold(): RecordedEnd[] {
    const rows = this.#statements.untold.all() as Row[];
    return rows.map((row) => toEvent({ ...row, told_ns: 0n }));
  }

  /** The newest start of a process that was told to anyone. */
  lastStart(containerId: string, processId: string): ToldStart | undefined {
    const row = this.#statements.lastStart.get(containerId, processId === 'init' ? '' : processId) as
      | { readonly start_key: string; readonly ended: bigint }
      | undefined;
    return row === undefined ? undefined : { startKey: row.start_key, hasEnded: row.ended !== 0n };
  }

  /** Told events strictly newer than `timestampNs`, oldest first, at most `limit`. */
  after(timestampNs: bigint, limit: number, containerId = ''): StoredEvent[] {
    const rows =
      containerId === ''
        ? this.#statements.after.all(timestampNs, limit)
        : this.#statements.afterOf.all(containerId, timestampNs, limit);
    return (rows as Row[]).map(toEvent);
  }

  /** A fact that is kept beside the events. */
  fact(name: string): string | undefined {
    const row = this.#statements.fact.get(name) as { value: string } | undefined;
    return row?.value;
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

  #toldOne(atNs: bigint): void {
    if (atNs > this.#lastNs) this.#lastNs = atNs;
    this.#told += 1;
    this.options.onTold?.();
    if (this.#told > Math.max(this.options.retainCount, this.#leftByTrim) + trimSlack) this.#trimIfPossible();
  }

  /** A full disk can refuse the delete too: the event is in all the same, and the next one tries again. */
  #trimIfPossible(): void {
    try {
      this.#trim();
    } catch {
      return;
    }
  }

  #trim(): void {
    // The newest stays in any case: it has been written just now, and no subscriber has heard of it yet.
    const cut = this.#statements.oldestKept.get(Math.max(this.options.retainCount, 1)) as { told_ns: bigint } | undefined;
    if (cut === undefined) return;
    this.inOneGo(() => {
      const { changes } = this.#statements.trim.run(cut.told_ns);
      this.setFact('trimmed-through-ns', String(cut.told_ns));
      this.#told -= changes;
    });
    this.#leftByTrim = this.#told;
    this.#trimmedThroughNs = cut.told_ns;
  }
}

function toEvent(row: Row): StoredEvent {
  return {
    timestampNs: row.told_ns ?? 0n,
    type: row.type as EventType,
    containerId: row.container,
    processId: row.process,
    status: Number(row.status),
    startKey: row.start_key,
  };
}

function openOrReplace(options: EventLogOptions, keep: (statement: Statement) => void): Db {
  try {
    faultPoint('daemon.log.open');
    return openDatabase(options.path, keep);
  } catch (error) {
    if (!isUnusable(error, options.path)) throw error;
    const aside = moveAside(options.path, new Date());
    options.onMovedAside?.(aside, error);
    return openDatabase(options.path, keep);
  }
}
