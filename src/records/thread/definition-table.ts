import { type Definition, parseDefinition, printDefinition } from '../definition';
import type { DefinitionRecord, NewEnd, Requester, Wish } from '../definition-record';
import type { StoreDb, StoreStatement } from './store-db';

interface Row {
  readonly name: string;
  readonly definition: string;
  readonly created_ns: bigint;
  readonly wish_up: bigint | null;
  readonly wish_ns: bigint | null;
  readonly wish_uid: bigint | null;
  readonly wish_pid: bigint | null;
  readonly stop_deadline_ns: bigint | null;
  readonly failure: string | null;
  readonly is_up: bigint;
  readonly boot_id: string;
  readonly started_ns: bigint | null;
  readonly oom: bigint;
  readonly ended_ns: bigint | null;
  readonly end_status: bigint | null;
  readonly end_oom: bigint | null;
  readonly end_ran_ns: bigint | null;
  readonly end_unknown: string | null;
}

/** The table of the programs. A name that is not there is nothing to change, and no error. */
export class DefinitionTable {
  readonly #put: StoreStatement;
  readonly #find: StoreStatement;
  readonly #list: StoreStatement;
  readonly #delete: StoreStatement;
  readonly #setWish: StoreStatement;
  readonly #setDeadline: StoreStatement;
  readonly #setFailure: StoreStatement;
  readonly #setStarted: StoreStatement;
  readonly #setOom: StoreStatement;
  readonly #setEnd: StoreStatement;

  constructor(db: StoreDb) {
    this.#put = db.prepare('INSERT INTO definitions (name, definition, created_ns) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET definition = excluded.definition');
    this.#find = db.prepare('SELECT * FROM definitions WHERE name = ?');
    this.#list = db.prepare('SELECT * FROM definitions ORDER BY name');
    this.#delete = db.prepare('DELETE FROM definitions WHERE name = ?');
    this.#setWish = db.prepare('UPDATE definitions SET wish_up = ?, wish_ns = ?, wish_uid = ?, wish_pid = ? WHERE name = ?');
    this.#setDeadline = db.prepare('UPDATE definitions SET stop_deadline_ns = ? WHERE name = ?');
    this.#setFailure = db.prepare('UPDATE definitions SET failure = ? WHERE name = ?');
    this.#setStarted = db.prepare('UPDATE definitions SET is_up = 1, boot_id = ?, started_ns = ?, oom = 0, failure = NULL WHERE name = ?');
    this.#setOom = db.prepare('UPDATE definitions SET oom = 1 WHERE name = ? AND is_up = 1');
    // One that is over at once ends before its start is told: it has run all the same.
    this.#setEnd = db.prepare(
      'UPDATE definitions SET is_up = 0, ended_ns = ?, end_status = ?, end_oom = oom, end_ran_ns = ifnull(?, CASE WHEN started_ns IS NULL THEN 0 ELSE max(1, ? - started_ns) END), end_unknown = ?, stop_deadline_ns = NULL WHERE name = ? AND is_up = 1',
    );
  }

  put(name: string, definition: Definition, nowNs: bigint): void {
    this.#put.run(name, printDefinition(definition), nowNs);
  }

  /** @throws RecordsError `invalid` */
  find(name: string): DefinitionRecord | undefined {
    const row = this.#find.get(name) as Row | undefined;
    return row === undefined ? undefined : recordOf(row);
  }

  /** @param onInvalid told of those that cannot be read, which are left out */
  list(onInvalid: (error: unknown) => void): DefinitionRecord[] {
    return (this.#list.all() as Row[]).flatMap((row) => {
      try {
        return [recordOf(row)];
      } catch (error) {
        onInvalid(error);
        return [];
      }
    });
  }

  delete(name: string): void {
    this.#delete.run(name);
  }

  setWish(name: string, { up, sinceNs, by }: Wish): void {
    this.#setWish.run(up ? 1 : 0, sinceNs, by?.uid ?? null, by?.pid ?? null, name);
  }

  setStopDeadline(name: string, deadlineNs: bigint | undefined): void {
    this.#setDeadline.run(deadlineNs ?? null, name);
  }

  setFailure(name: string, failure: string | undefined): void {
    this.#setFailure.run(failure ?? null, name);
  }

  setStarted(name: string, bootId: string, startedNs: bigint): void {
    this.#setStarted.run(bootId, startedNs, name);
  }

  setOutOfMemory(name: string): void {
    this.#setOom.run(name);
  }

  /** @param end without `ranNs` it has run since its start */
  setEnd(name: string, { endedNs, status, ranNs, unknown }: NewEnd): void {
    this.#setEnd.run(endedNs, status, ranNs ?? null, endedNs, unknown ?? null, name);
  }
}

function recordOf(row: Row): DefinitionRecord {
  return {
    name: row.name,
    definition: parseDefinition(row.name, row.definition),
    createdNs: row.created_ns,
    wish: row.wish_up === null || row.wish_ns === null ? undefined : { up: row.wish_up !== 0n, sinceNs: row.wish_ns, by: requesterOf(row) },
    stopDeadlineNs: row.stop_deadline_ns ?? undefined,
    failure: row.failure ?? undefined,
    isUp: row.is_up !== 0n,
    bootId: row.boot_id,
    startedNs: row.started_ns ?? undefined,
    outOfMemory: row.oom !== 0n,
    lastEnd: row.ended_ns === null ? undefined : {
      endedNs: row.ended_ns,
      status: Number(row.end_status ?? 255n),
      outOfMemory: (row.end_oom ?? 0n) !== 0n,
      ranNs: row.end_ran_ns ?? 0n,
      unknown: row.end_unknown ?? undefined,
    },
  };
}

function requesterOf({ wish_uid: uid, wish_pid: pid }: Row): Requester | undefined {
  return uid === null ? undefined : { uid: Number(uid), pid: Number(pid ?? 0n) };
}
