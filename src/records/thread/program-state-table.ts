import type { ProgramStateRecord } from '../program-state-record';
import type { StoreDb, StoreStatement } from './store-db';

/** The table of the agent's programs, a text for each name. */
export class ProgramStateTable {
  readonly #put: StoreStatement;
  readonly #list: StoreStatement;
  readonly #delete: StoreStatement;

  constructor(db: StoreDb) {
    this.#put = db.prepare('INSERT INTO programs (name, state) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET state = excluded.state');
    this.#list = db.prepare('SELECT name, state AS text FROM programs ORDER BY name');
    this.#delete = db.prepare('DELETE FROM programs WHERE name = ?');
  }

  put({ name, text }: ProgramStateRecord): void {
    this.#put.run(name, text);
  }

  list(): ProgramStateRecord[] {
    return this.#list.all() as ProgramStateRecord[];
  }

  delete(name: string): void {
    this.#delete.run(name);
  }
}
