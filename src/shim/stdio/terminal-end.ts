import { closeSync, constants } from 'node:fs';
import type { EndState, Keep } from '../handover/state';
import { FileCopy } from './file-copy';
import type { StdioContext } from './passed-stdio';
import { type OpenedPath, closePath, keptOf, nameOf } from './stdio-path';

/** What a terminal's input is read from or its output written to, and `copy` where a copier is at the other end of it, for a file. */
export type End =
  | { readonly kind: 'null' }
  | { readonly kind: 'fifo'; readonly keeperFd: number; readonly endFd: number | undefined }
  | { readonly kind: 'oneWay'; readonly fd: number; readonly copy?: FileCopy };

/** Its descriptor to read from or to write to. */
export function fdOf(end: Exclude<End, { kind: 'null' }>): number {
  return end.kind === 'fifo' ? end.keeperFd : end.fd;
}

export function closeEnd(end: End): void {
  if (end.kind === 'null') return;
  closeSync(fdOf(end));
  if (end.kind === 'fifo' && end.endFd !== undefined) closeSync(end.endFd);
}

/**
 * Takes a path for the terminal, or goes on with its copy.
 * @param opened belongs to the end, or is closed, also when this throws
 * @param options.create whether the process is a new one
 */
export function openEnd(context: StdioContext, name: 'stdin' | 'stdout', opened: OpenedPath, options: { readonly create: boolean }): End {
  const { copiers, dir, about } = context;
  const stream = { dir, name, about, kept: keptOf(opened) };
  if (!options.create) {
    let isTaken = false;
    const findFile = (): number => {
      isTaken = true;
      return nameOf(opened);
    };
    const resumed = FileCopy.resume(copiers, stream, findFile, constants.O_NONBLOCK);
    if (resumed?.endFd !== undefined) {
      if (!isTaken) closePath(opened);
      return { kind: 'oneWay', fd: resumed.endFd, copy: resumed.copy };
    }
  }
  if (opened.kind === 'given') return { kind: 'oneWay', fd: opened.endFd };
  if (opened.kind !== 'file' && opened.kind !== 'kept') return opened;
  if (!options.create && name === 'stdin') {
    // Read to its end, or by a shim that left no word of how far.
    closePath(opened);
    return { kind: 'null' };
  }
  const { copy, endFd } = FileCopy.make(copiers, stream, opened.fileFd, constants.O_NONBLOCK);
  return { kind: 'oneWay', fd: endFd, copy };
}

/** What `endOf` makes the end of again, in the program that takes this one's place. */
export function endStateOf(end: End, keep: Keep): EndState {
  if (end.kind === 'null') return end;
  const endFd = end.kind === 'fifo' && end.endFd !== undefined ? { endFd: keep(end.endFd) } : {};
  return { kind: end.kind, fd: keep(fdOf(end)), ...endFd };
}

export function endOf(state: EndState): End {
  if (state.kind === 'null') return state;
  return state.kind === 'fifo' ? { kind: 'fifo', keeperFd: state.fd, endFd: state.endFd } : { kind: 'oneWay', fd: state.fd };
}
