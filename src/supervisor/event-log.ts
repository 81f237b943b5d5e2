import type { Statement } from 'better-sqlite3';
import { type Db, isUnusable, moveAside, openDatabase } from './event-log-schema';
import type { EventType, NewEvent, RecordedEnd, StoredEvent } from './event';

export interface EventLogOptions {
  readonly path: string;
  /** Told events that are kept; older ones go, a few at a time. */
  readonly retainCount: number;
  /** The database was unusable: it lies at `aside` now, and a new one is in use. */
  readonly onMovedAside?: (aside: string, cause: unknown) => void;
}

/** Where an end stands that is recorded (again). */
export type EndProgress = 'recorded' | 'already-recorded' | 'already-told';

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
  readonly #db: Db;
  readonly #insert: Statement;
  readonly #insertEnd: Statement;
  readonly #findEnd: Statement;
  readonly #tellEnd: Statement;
  readonly #after: Statement;
  readonly #afterOf: Statement;
  #lastNs: bigint;
  #trimmedThroughNs: bigint;
  #told: number;

  constructor(readonly options: EventLogOptions) {
    this.#db = openOrReplace(options);
    const columns = 'type, container, process, status, start_key';
    const db = this.#db;
    this.#insert = db.prepare(`INSERT INTO events (told_ns, ${columns}) VALUES (?, ?, ?, ?, ?, ?)`);
    this.#insertEnd = db.prepare(
      `INSERT OR IGNORE INTO events (told_ns, ${columns}) VALUES (NULL, 'exit', ?, ?, ?, ?)`,
    );
    const thisEnd = "type = 'exit' AND container = ? AND process = ? AND start_key = ?";
    this.#findEnd = db.prepare(`SELECT told_ns, ${columns} FROM events WHERE ${thisEnd}`);
    this.#tellEnd = db.prepare(`UPDATE events SET told_ns = ? WHERE ${thisEnd} AND told_ns IS NULL`);
    this.#after = db.prepare(
      `SELECT told_ns, ${columns} FROM events WHERE told_ns > ? ORDER BY told_ns LIMIT ?`,
    );
    this.#afterOf = db.prepare(
      `SELECT told_ns, ${columns} FROM events WHERE container = ? AND told_ns > ? ORDER BY told_ns LIMIT ?`,
    );
    const range = db.prepare('SELECT max(told_ns) AS last, count(told_ns) AS told FROM events').get() as {
      last: bigint | null;
      told: bigint;
    };
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

  /** Writes an event that is told at once. */
  append(event: NewEvent, atNs = this.#nextNs()): StoredEvent {
    this.#insert.run(atNs, event.type, event.containerId, event.processId, event.status, event.startKey);
    this.#toldOne(atNs);
    return { ...event, timestampNs: atNs };
  }

  /** Makes an end durable. Repeatable: the first status counts. */
  recordEnd(end: RecordedEnd): EndProgress {
    const { changes } = this.#insertEnd.run(end.containerId, end.processId, end.status, end.startKey);
    if (changes === 1) return 'recorded';
    const row = this.#findEnd.get(end.containerId, end.processId, end.startKey) as Row;
    return row.told_ns === null ? 'already-recorded' : 'already-told';
  }

  /** Tells a recorded end; `undefined` if it has been told before. */
  tell(end: Omit<RecordedEnd, 'status'>): StoredEvent | undefined {
    const atNs = this.#nextNs();
    const { changes } = this.#tellEnd.run(atNs, end.containerId, end.processId, end.startKey);
    if (changes === 0) return undefined;
    const told = toEvent(this.#findEnd.get(end.containerId, end.processId, end.startKey) as Row);
    this.#toldOne(atNs);
    return told;
  }

  /** Ends that were recorded and not told, oldest first: what a restart has to finish. */
  untold(): RecordedEnd[] {
    const rows = this.#db.prepare('SELECT * FROM events WHERE told_ns IS NULL ORDER BY row').all() as Row[];
    return rows.map((row) => toEvent({ ...row, told_ns: 0n }));
  }

  /** Whether the start with this key has its start event, i.e. was told to anyone. */
  hasStart(containerId: string, processId: string, startKey: string): boolean {
    const type: EventType = processId === 'init' ? 'start-container' : 'start-process';
    const found = this.#db
      .prepare('SELECT 1 FROM events WHERE type = ? AND container = ? AND process = ? AND start_key = ? LIMIT 1')
      .get(type, containerId, processId === 'init' ? '' : processId, startKey);
    return found !== undefined;
  }

  /** Told events strictly newer than `timestampNs`, oldest first, at most `limit`. */
  after(timestampNs: bigint, limit: number, containerId = ''): StoredEvent[] {
    const rows =
      containerId === ''
        ? this.#after.all(timestampNs, limit)
        : this.#afterOf.all(containerId, timestampNs, limit);
    return (rows as Row[]).map(toEvent);
  }

  /** A fact that is kept beside the events. */
  fact(name: string): string | undefined {
    const row = this.#db.prepare('SELECT value FROM facts WHERE name = ?').get(name) as { value: string } | undefined;
    return row?.value;
  }

  setFact(name: string, value: string): void {
    this.#db.prepare('INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)').run(name, value);
  }

  /** Runs `work` in one transaction: all of it is in the log, or nothing. */
  inOneGo<T>(work: () => T): T {
    return this.#db.transaction(work)();
  }

  close(): void {
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
    if (this.#told > this.options.retainCount + trimSlack) this.#trimIfPossible();
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
    const cut = this.#db
      .prepare('SELECT told_ns FROM events WHERE told_ns IS NOT NULL ORDER BY told_ns DESC LIMIT 1 OFFSET ?')
      .get(this.options.retainCount) as { told_ns: bigint } | undefined;
    if (cut === undefined) return;
    this.inOneGo(() => {
      const { changes } = this.#db.prepare('DELETE FROM events WHERE told_ns <= ?').run(cut.told_ns);
      this.setFact('trimmed-through-ns', String(cut.told_ns));
      this.#told -= changes;
    });
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

function openOrReplace(options: EventLogOptions): Db {
  try {
    return openDatabase(options.path);
  } catch (error) {
    if (!isUnusable(error, options.path)) throw error;
    const aside = moveAside(options.path, new Date());
    options.onMovedAside?.(aside, error);
    return openDatabase(options.path);
  }
}
