import type { NamedText } from '../named-text';
import type { StoreDb, StoreStatement } from './store-db';

/** A table of the agent's with a text for each name. */
export class NamedTextTable {
  readonly #put: StoreStatement;
  readonly #list: StoreStatement;
  readonly #delete: StoreStatement;

  /** @param table has a column `name` @param column of the text */
  constructor(db: StoreDb, table: 'programs' | 'program_definitions' | 'event_cursors', column: 'state' | 'definition' | 'cursor') {
    this.#put = db.prepare(`INSERT INTO ${table} (name, ${column}) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET ${column} = excluded.${column}`);
    this.#list = db.prepare(`SELECT name, ${column} AS text FROM ${table} ORDER BY name`);
    this.#delete = db.prepare(`DELETE FROM ${table} WHERE name = ?`);
  }

  put({ name, text }: NamedText): void {
    this.#put.run(name, text);
  }

  list(): NamedText[] {
    return this.#list.all() as NamedText[];
  }

  delete(name: string): void {
    this.#delete.run(name);
  }
}
