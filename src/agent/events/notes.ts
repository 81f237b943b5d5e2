import type { Logger } from '../../runtime/logger';

/** Where lines and webhooks are noted: it goes with the processes that they lead to. Each call throws what SQLite throws, such as SQLITE_FULL. */
export interface Notes {
  fact(name: string): string | undefined;
  setFact(name: string, value: string): void;
  dropFact(name: string): void;
}

/** What stays where a disk refuses harms nobody. */
export function dropNote(notes: Notes, name: string, log: Logger): void {
  try {
    notes.dropFact(name);
  } catch (error) {
    log.warn({ note: name, err: error }, 'where a listener or webhook stood cannot be forgotten');
  }
}
