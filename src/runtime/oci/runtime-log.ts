import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { isJsonObject } from '../json';

// The last error is near the end; a runtime with debug on, or one that loops, may log without bound.
const TAIL_BYTES = 64 << 10;
// logrus, which runc logs with; a fatal error is its last one too.
const ERROR_LEVELS = new Set(['error', 'fatal', 'panic']);
// Some write their objects without anything in between. Within a string of JSON a quote has a
// backslash before it, so a brace, a quote and a name together only begin an object.
const ENTRY_END = /\n|(?<=\})(?=\{"\w+":)/;

/**
 * The `msg` of the last error-level line in a JSON log, unchanged. Undefined where there is none,
 * or no log that can be read: the caller has an error already and only wants better words for it.
 */
export function lastErrorMessage(path: string): string | undefined {
  const lines = tailOf(path).split(ENTRY_END);
  for (const line of lines.reverse()) {
    const message = errorMessageOf(line);
    if (message !== undefined) return message;
  }
  return undefined;
}

function errorMessageOf(line: string): string | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(entry)) return undefined;
  const { level, msg } = entry;
  return typeof level === 'string' && ERROR_LEVELS.has(level) && typeof msg === 'string' ? msg : undefined;
}

function tailOf(path: string): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stat = fstatSync(fd);
    if (!stat.isFile()) return '';
    const tail = Buffer.alloc(Math.min(stat.size, TAIL_BYTES));
    const length = readSync(fd, tail, 0, tail.length, stat.size - tail.length);
    return tail.toString('utf8', 0, length);
  } catch {
    return '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
