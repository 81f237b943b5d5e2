import { join } from 'node:path';
import { files } from './layout';
import { readRegularFileIfThere } from './read-file';
import { writeWhole } from './whole-file';

const MOST_BYTES = 64;

/** Which process is a logger: the program that reads a process's output (`binary://`). */
export interface LoggerNote {
  readonly pid: number;
  /** Field 22 of its stat file. */
  readonly starttime: string;
}

/** Notes a process's logger in its directory, for a shim that has to go on with it. @throws the system error of node:fs */
export function writeLoggerNote(processDir: string, { pid, starttime }: LoggerNote): void {
  writeWhole(join(processDir, files.logger), `${pid} ${starttime}\n`);
}

/** Undefined where there is none, or what is there makes no sense: then it ends with its input alone. */
export function readLoggerNote(processDir: string): LoggerNote | undefined {
  const text = readRegularFileIfThere(join(processDir, files.logger), { mostBytes: MOST_BYTES })?.toString('latin1') ?? '';
  const [, pid, starttime] = /^(\d{1,10}) (\d{1,20})\n$/.exec(text) ?? [];
  return pid === undefined || starttime === undefined ? undefined : { pid: Number(pid), starttime };
}
