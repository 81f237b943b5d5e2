import { constants, openSync } from 'node:fs';
import type { KeptOutput } from '../../runtime/kept-output/kept-output';
import type { StreamName } from '../../runtime/state-dir/between';
import { O_PATH } from '../../sys/files/cached-name';
import { mkfifo } from '../../sys/files/files';
import { errorCodeOf } from '../../sys/thrown';
import { CopyNote } from '../copier/copy-note';
import type { KeptStream } from '../copier/protocol';

/** How the process's end of the FIFO is opened: it blocks for a process, not for this program's own use. */
export type EndFlags = 0 | typeof constants.O_NONBLOCK;

/** Which stream of which process. */
export interface Stream {
  /** The process's directory. */
  readonly dir: string;
  readonly name: StreamName;
  readonly about: string;
  /** Its output is kept. */
  readonly kept?: KeptOutput | undefined;
}

/** Undefined where it is not kept, as stdin never is. */
export function keptStreamOf({ name, kept }: Stream): KeptStream | undefined {
  return kept === undefined || name === 'stdin' ? undefined : { stream: name, output: kept };
}

/** Of kept output both ways: who writes is its own reader then, waits where nobody else reads, and is not killed for it (SIGPIPE). Not for our own use. */
export function endFlags(isInput: boolean, flags: EndFlags, kept: KeptStream | undefined): number {
  if (kept !== undefined && flags === 0) return constants.O_RDWR;
  return flags | (isInput ? constants.O_RDONLY : constants.O_WRONLY);
}

/** How this program's own end is opened. */
export function keeperFlags(isInput: boolean): number {
  return constants.O_NONBLOCK | (isInput ? constants.O_WRONLY : constants.O_RDONLY);
}

/** Nothing where it is there already. @throws the system's error */
export function makeFifo(path: string): void {
  try {
    mkfifo(path, 0o600);
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error;
  }
}

/** `bothFd`: open at both ends, until each end has a descriptor of its own. @param opened gets what was opened, also when this throws @param heldFd takes its place @throws the system's error */
export function openBetween(
  paths: { readonly fifo: string; readonly staged: string }, kept: KeptStream | undefined, opened: number[], heldFd?: number,
): { readonly stagedFd: number; readonly bothFd: number } {
  const flags = constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const stagedFd = kept === undefined ? openSync(paths.staged, flags) : openSync(paths.staged, flags | constants.O_CREAT, 0o600);
  opened.push(stagedFd);
  if (heldFd !== undefined) return { stagedFd, bothFd: heldFd };
  const bothFd = openSync(paths.fifo, flags);
  opened.push(bothFd);
  return { stagedFd, bothFd };
}

/** Undefined where it is not there. @throws the system's error */
export function openNote(path: string): CopyNote | undefined {
  try {
    return CopyNote.open(path);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The file itself, whatever name it has by now: while the copier of before is still at work. */
export function fileOfHolder(note: CopyNote): number | undefined {
  const { holder } = note;
  if (holder === undefined) return undefined;
  try {
    return openSync(`/proc/${holder.pid}/fd/${holder.fileFd}`, O_PATH);
  } catch {
    return undefined;
  }
}
