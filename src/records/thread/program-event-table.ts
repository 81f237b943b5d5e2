import type { NewProgramEvents, ProgramEventRecord } from '../program-event-record';
import type { StoreDb, StoreStatement } from './store-db';

/** What has happened to programs, in the order in which it was written down. */
export class ProgramEventTable {
  readonly #insert: StoreStatement;
  readonly #replace: StoreStatement;
  readonly #dropThrough: StoreStatement;
  readonly #list: StoreStatement;

  constructor(db: StoreDb) {
    this.#insert = db.prepare('INSERT INTO program_events (type, event) VALUES (?, ?) RETURNING id');
    this.#replace = db.prepare('DELETE FROM program_events WHERE type = ?');
    this.#dropThrough = db.prepare('DELETE FROM program_events WHERE id <= ?');
    this.#list = db.prepare('SELECT id, type, event AS text FROM program_events ORDER BY id');
  }

  /** @returns their ids */
  add({ events, most }: NewProgramEvents): readonly number[] {
    const ids = events.map(({ type, text, replaces }) => {
      if (replaces) this.#replace.run(type);
      return Number((this.#insert.get(type, text) as { readonly id: bigint }).id);
    });
    const last = ids.at(-1);
    if (last !== undefined) this.dropThrough(last - most);
    return ids;
  }

  dropThrough(id: number): void {
    this.#dropThrough.run(id);
  }

  list(): ProgramEventRecord[] {
    return (this.#list.all() as { readonly id: bigint; readonly type: string; readonly text: string }[]).map(({ id, type, text }) => ({ id: Number(id), type, text }));
  }
}
