import { closeSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createMemoryFile } from '../../sys/files/memory-file';
import { removeTree } from '../../sys/files/remove-tree';
import { errorCodeOf } from '../../sys/thrown';
import { withinRoot } from '../../sys/files/within-root';
import { openListening } from '../../sys/sockets/listening-socket';
import { writeCheckpointRecord } from '../state-dir/checkpoint-file';
import { readRegularFile } from '../state-dir/read-file';
import { clearKept } from './clear-kept';
import { isCheckpoint, listCheckpoints, makeCheckpoint, prepareRestore } from './checkpoints';
import type { Asks, Brings, Brought, Errand } from './errands';
import { findProgram } from './programs';
import { listKept, readKept } from './kept';
import { mountAll, unmountAll } from './mounts';
import { type OpenedStdio, openStdio } from './stdio';

/** How a hand does each errand, waiting for as long as it takes. */
export const work: { readonly [E in Errand]: (asks: Asks<E>) => Brought<E> } = {
  read: (asks) => ({ value: {}, fds: [inMemory('read', readRegularFile(asks.root === undefined ? asks.path : pathWithin(asks.root, asks.path), asks))] }),
  findProgram: ({ path }) => ({ value: findProgram(path), fds: [] }),
  mount: ({ mounts, target }) => only({}, () => { mountAll(mounts, target); }),
  unmount: ({ target }) => only({}, () => { unmountAll(target); }),
  openStdio: (asked) => {
    const opened = openStdio(asked);
    return { value: { kind: opened.kind }, fds: descriptorsOf(opened) };
  },
  listCheckpoints: ({ place }) => ({ value: { checkpoints: listCheckpoints(place) }, fds: [] }),
  makeCheckpoint: ({ place, name }) => ({ value: { workPath: makeCheckpoint(place, name) }, fds: [] }),
  describeCheckpoint: ({ imagePath, record }) => only({}, () => { writeCheckpointRecord(imagePath, record); }),
  findCheckpoint: ({ place, name }) => ({ value: { isThere: isCheckpoint(place, name) }, fds: [] }),
  removeCheckpoint: ({ place, name }) => only({}, () => { removeTree(join(place, name)); }),
  listKept: ({ dir }) => ({ value: { files: listKept(dir) }, fds: [] }),
  readKept: (range) => {
    const bytes = readKept(range);
    return { value: {}, fds: bytes === undefined ? [] : [inMemory('kept', bytes)] };
  },
  clearKept: (place) => ({ value: { isCleared: clearKept(place) }, fds: [] }),
  listen: (place) => ({ value: {}, fds: [openListening(place)] }),
  removeKept: ({ dir }) => only({}, () => { removeKept(dir); }),
  prepareRestore: ({ checkpointDir }) => ({ value: prepareRestore(checkpointDir), fds: [] }),
};

/** A copier may have begun to pack one more file of it, and finds then that it is gone. */
function removeKept(dir: string): void {
  for (let triesLeft = 3; ; triesLeft -= 1) {
    try {
      removeTree(dir);
      return;
    } catch (error) {
      if (errorCodeOf(error) !== 'ENOTEMPTY' || triesLeft === 0) throw error;
    }
  }
}

function pathWithin(root: string, path: string): string {
  const within = withinRoot(root, path);
  if (within === undefined) throw new Error(`open ${path} in ${root}: its links go round`);
  return within;
}

function descriptorsOf(opened: OpenedStdio): number[] {
  if (opened.kind === 'file') return [opened.fileFd];
  if (opened.kind === 'null') return [];
  return opened.endFd === undefined ? [opened.keeperFd] : [opened.keeperFd, opened.endFd];
}

/** A file in memory with this content; the caller closes it. */
export function inMemory(name: string, content: Buffer): number {
  const fd = createMemoryFile(`holdfast-${name}`);
  try {
    for (let at = 0; at < content.length; ) at += writeSync(fd, content, at, content.length - at, at);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function only<E extends Errand>(value: Brings<E>, run: () => void): Brought<E> {
  run();
  return { value, fds: [] };
}
