import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { ownDescriptors } from '../../sys/own-descriptors';
import { messageOf } from '../../sys/thrown';
import { makeChanges } from './batch';
import { type Db, openRecords, openToRead } from './database';
import { imagesDirectory } from './files-of-records';
import type { FromThread, ToThread } from './messages';
import { type Contents, Tables } from './tables';
import { keptUuid } from './uuid';

/**
 * The thread that has the database of the records. All that a disk under `--root` can hang at is done here, and nowhere else in the
 * daemon. Every call is synchronous: the daemon asks for more changes when it has the outcomes of the last.
 */
function main(port: MessagePort): void {
  ownDescriptors();
  const tell = (message: FromThread): void => { port.postMessage(message); };
  let opened: Opened | undefined;
  port.on('message', (message: ToThread) => {
    if (message === 'close') {
      opened?.db.close();
      // Nothing is left to wait for, and so the thread ends.
      port.close();
    } else if ('root' in message) {
      opened = open(message.root, join(message.root, 'holdfast.db'), tell);
    } else if (opened !== undefined) {
      tell({ is: 'outcomes', outcomes: makeChanges(opened.tables, message) });
    }
  });
}

interface Opened {
  readonly db: Db;
  readonly tables: Tables;
}

function open(root: string, path: string, tell: (message: FromThread) => void): Opened | undefined {
  const onInvalid = (error: unknown): void => { tell({ is: 'invalid', cause: `${path}: ${messageOf(error)}` }); };
  let db: Db | undefined;
  try {
    const { db: made, isNew } = openRecords(path, (aside, cause) => {
      tell({ is: 'moved-aside', aside, cause: messageOf(cause) });
    }, (aside) => { tell({ is: 'files-aside', aside }); });
    db = made;
    const tables = new Tables(db, path);
    tell({ is: 'open', isNew, uuid: keptUuid(root), hasImageFiles: existsSync(join(root, imagesDirectory)), contents: tables.contents(onInvalid) });
    return { db, tables };
  } catch (error) {
    db?.close();
    tell({ is: 'unusable', reason: messageOf(error), contents: readable(path, onInvalid) });
    return undefined;
  }
}

/** What can be read of records that cannot be written: a newer version's may, another process's may not. */
function readable(path: string, onInvalid: (error: unknown) => void): Contents | undefined {
  try {
    const db = openToRead(path);
    return new Tables(db, path).contents(onInvalid);
  } catch {
    return undefined;
  }
}

if (parentPort !== null) main(parentPort);
