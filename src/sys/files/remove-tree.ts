import { basename, dirname } from 'node:path';
import { HeldDirectory } from './held-directory';
import { errorCodeOf } from '../thrown';

/**
 * Removes whatever bears this name, a directory with all that is in it. Follows no link and enters no mount: what is mounted
 * somewhere in the tree stays, and so do the directories that lead there. Nothing there: nothing to do.
 * @throws SysError EBUSY for a mount point, and what else keeps it from going; a part may be gone then
 */
export function removeTree(path: string): void {
  unlessGone(() => {
    inside(HeldDirectory.open(dirname(path)), (parent) => { removeEntry(parent, basename(path)); });
  });
}

function removeEntry(parent: HeldDirectory, name: string): void {
  let directory: HeldDirectory;
  try {
    directory = parent.enter(name);
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOTDIR') throw error;
    parent.unlink(name);
    return;
  }
  inside(directory, () => {
    for (const entry of directory.entries()) {
      unlessGone(() => {
        if (entry.isDirectory()) removeEntry(directory, entry.name);
        else directory.unlink(entry.name);
      });
    }
  });
  parent.removeDirectory(name);
}

/** Somebody else may remove the same. */
function unlessGone(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  }
}

function inside(directory: HeldDirectory, work: (directory: HeldDirectory) => void): void {
  try {
    work(directory);
  } finally {
    directory.close();
  }
}
