import Database from 'better-sqlite3';

/**
 * Whatever better-sqlite3 has made, for as long as the process lives: none of it may ever become garbage. Since Node 24 the destructor of an
 * ObjectWrap (node_object_wrap.h), which databases and statements are, takes a clean-up hook back, and Node aborts the process
 * (`RemoveEnvironmentCleanupHook: Assertion failed: (env) != nullptr`) where the collector runs it while no context is entered, as it may between two
 * callbacks of the event loop. Databases that are closed, too, and those that could not be opened to their end.
 */
export const everMade: object[] = [];

/**
 * A database that stays in memory with all its statements, also once it is closed. So nothing may be prepared again and again: statements are prepared
 * once, and used. What `transaction` prepares lives with the database; `pragma` prepares past this, so a PRAGMA is a statement like any other.
 * @param source its path, or its bytes
 * @throws SqliteError
 */
export function openLasting(source: string | Buffer, options?: Database.Options): Database.Database {
  const db = new Database(source, options);
  everMade.push(db);
  const prepare = db.prepare.bind(db);
  db.prepare = ((sql: string) => {
    const statement = prepare(sql);
    everMade.push(statement);
    return statement;
  }) as typeof db.prepare;
  return db;
}
