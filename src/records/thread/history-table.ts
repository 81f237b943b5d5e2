import type { HistoryEntry, NamedHistoryEntry } from '../history-record';
import type { StoreDb, StoreStatement } from './store-db';

/** So many entries of a program are kept. */
const MOST = 1000;

interface Row {
  readonly name: string;
  readonly at_ns: bigint;
  readonly type: string;
  readonly event_id: bigint;
  readonly status: bigint;
  readonly pid: bigint;
  readonly by_uid: bigint | null;
  readonly by_pid: bigint | null;
  readonly detail: string;
}

/** What has happened to the programs that are remembered. Read when somebody asks, and not held in the daemon's memory. */
export class HistoryTable {
  readonly #add: StoreStatement;
  readonly #drop: StoreStatement;
  readonly #delete: StoreStatement;
  readonly #newest: StoreStatement;
  readonly #newestOf: StoreStatement;

  constructor(db: StoreDb) {
    // An event that is read again, by a daemon after one that has died, is there already. One of a name that is not remembered is nobody's.
    this.#add = db.prepare(`INSERT OR IGNORE INTO program_history (name, at_ns, type, event_id, status, pid, by_uid, by_pid, detail)
      SELECT name, ?, ?, ?, ?, ?, ?, ?, ? FROM definitions WHERE name = ?`);
    this.#drop = db.prepare('DELETE FROM program_history WHERE name = ? AND at_ns <= (SELECT at_ns FROM program_history WHERE name = ? ORDER BY at_ns DESC LIMIT 1 OFFSET ?)');
    this.#delete = db.prepare('DELETE FROM program_history WHERE name = ?');
    this.#newest = db.prepare('SELECT * FROM program_history ORDER BY at_ns DESC LIMIT ?');
    this.#newestOf = db.prepare('SELECT * FROM program_history WHERE name = ? ORDER BY at_ns DESC LIMIT ?');
  }

  add(name: string, { atNs, type, eventId, status, pid, by, detail }: HistoryEntry): void {
    this.#add.run(atNs, type, eventId, status, pid, by?.uid ?? null, by?.pid ?? null, detail, name);
    this.#drop.run(name, name, MOST);
  }

  /** The program is forgotten. */
  delete(name: string): void {
    this.#delete.run(name);
  }

  /** The newest of these programs, of all where none is named; oldest first. */
  newest(names: readonly string[], most: number): NamedHistoryEntry[] {
    const rows = names.length === 0 ? this.#newest.all(most) : names.flatMap((name) => this.#newestOf.all(name, most));
    return (rows as Row[]).map(entryOf).sort((a, b) => (a.atNs < b.atNs ? -1 : 1)).slice(-most);
  }
}

function entryOf(row: Row): NamedHistoryEntry {
  return {
    name: row.name,
    atNs: row.at_ns,
    type: row.type,
    eventId: row.event_id,
    status: Number(row.status),
    pid: Number(row.pid),
    by: row.by_uid === null ? undefined : { uid: Number(row.by_uid), pid: Number(row.by_pid ?? 0n) },
    detail: row.detail,
  };
}
