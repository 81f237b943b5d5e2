import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { libc } from '../native';

const PR_SET_MM = 35;
const PR_SET_MM_ARG_END = 9;
/** Fields of /proc/<pid>/stat, proc(5), counted from the third, which follows the last ")". */
const ARG_START_INDEX = 48 - 3;
const ARG_END_INDEX = 49 - 3;

/**
 * What this process was called as: the path of its program, which may be a link's, or the name that whoever started it gave it as argv[0]. The
 * programs' first lines exec Node, which is then called `node`.
 */
export function calledAs(): string {
  const given = process.argv0;
  return basename(given) === 'node' || given === process.execPath ? (process.argv[1] ?? given) : given;
}

/**
 * Has ps, pgrep and pidof know this process by its name and its own arguments, instead of Node's. The kernel cuts the name to 15 bytes
 * (PR_SET_NAME in prctl(2)). Where the kernel allows something of it to nobody like us, that stays as it was: it is for people to read.
 *
 * @param args from argv[0] on; all in all no longer than what the process was started with
 */
export function nameThisProcess(args: readonly string[]): void {
  try {
    // The main thread's name, which is the process's.
    writeFileSync('/proc/self/comm', basename(args[0] ?? ''));
    writeArguments(Buffer.from(args.map((arg) => `${arg}\0`).join('')));
  } catch {
    // No /proc, or one that is read-only.
  }
}

/**
 * Overwrites the arguments where the kernel reads them. Node has copied them at its start; `process.title` alone would read them here, and can write
 * one string without its NULs only.
 */
function writeArguments(bytes: Buffer): void {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const start = Number(fields[ARG_START_INDEX]);
  const room = Number(fields[ARG_END_INDEX]) - start;
  // 0 is what a process is told that may not see these fields.
  if (!(start > 0) || room < bytes.length) return;
  const fd = openSync('/proc/self/mem', 'r+');
  try {
    writeSync(fd, Buffer.concat([bytes], room), 0, room, start);
  } finally {
    closeSync(fd);
  }
  // Without CAP_SYS_RESOURCE the end stays where it was, and NULs follow.
  libc.prctl(PR_SET_MM, PR_SET_MM_ARG_END, start + bytes.length, 0, 0);
}
