import type { Settings } from './definition';
import { readAgain } from './keys/again';
import { tellContradictions } from './keys/contradictions';
import { readWell } from './keys/health';
import { readContainer } from './keys/container';
import { readHowMuch } from './keys/limits';
import { readListen } from './keys/listen';
import { readLog } from './keys/log';
import { readStop } from './keys/stop';
import { readWhat } from './keys/what';
import { readWhen } from './keys/when';
import type { TableReader } from './table-reader';

/** Reads all that a process has; what is wrong is told to the reader. The caller ends the table. */
export function readSettings(table: TableReader): Settings {
  const settings: Settings = {
    ...readWhat(table),
    ...readWhen(table),
    ...readAgain(table),
    ...readStop(table),
    ...readWell(table),
    ...readHowMuch(table),
    ...readContainer(table),
    log: readLog(table),
    listen: readListen(table),
  };
  tellContradictions(table, settings.kind);
  return settings;
}
