import Database from 'better-sqlite3';
import { SysError } from '../../sys/errors';
import { RecordsError } from '../errors';

/** A prepared statement, as the tables use it. */
export interface StoreStatement {
  run(...values: unknown[]): { readonly changes: number };
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
}

/** The database, as the tables use it: what SQLite or the disk refuse is a RecordsError `failed` that names the file and the cause. */
export class StoreDb {
  constructor(
    private readonly db: Database.Database,
    private readonly path: string,
  ) {}

  /** To be kept as long as the database. */
  prepare(sql: string): StoreStatement {
    const statement = this.orFail(() => this.db.prepare(sql));
    return {
      run: (...values) => this.orFail(() => statement.run(...values)),
      get: (...values) => this.orFail(() => statement.get(...values)),
      all: (...values) => this.orFail(() => statement.all(...values)),
    };
  }

  /**
   * Runs `work` in one transaction: when this returns all of it is on the disk; where it throws, nothing has changed. Within another,
   * it is a part of that which is undone by itself.
   */
  inOneGo<T>(work: () => T): T {
    return this.orFail(() => this.db.transaction(work)());
  }

  orFail<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (!(cause instanceof Database.SqliteError || cause instanceof SysError)) throw cause;
      throw new RecordsError('failed', `${this.path}: ${cause.message} (${cause.code})`, { cause });
    }
  }
}
