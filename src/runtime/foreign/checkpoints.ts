import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../../sys/files/remove-tree';
import { errorCodeOf } from '../../sys/thrown';
import { RuntimeError } from '../errors';
import { type CheckpointRecord, readCheckpointRecord } from '../state-dir/checkpoint-file';

/** Where criu keeps its logs, in a checkpoint's directory. */
const WORK = 'criu.work';

/** A checkpoint that a container is to be restored from. */
export interface RestorePlace {
  readonly record: CheckpointRecord;
  readonly workPath: string;
}

/** The whole checkpoints below `place`, by name; none where the directory is not there. */
export function listCheckpoints(place: string): CheckpointRecord[] {
  const found: CheckpointRecord[] = [];
  for (const name of namesIn(place)) {
    try {
      found.push(readCheckpointRecord(join(place, name)));
    } catch (error) {
      // Half-made, or not a checkpoint.
      if (!(error instanceof RuntimeError)) throw error;
    }
  }
  return found;
}

/** Makes a checkpoint's directory below `place`, which must not be there yet. @returns the directory for the runtime's work @throws the system's error */
export function makeCheckpoint(place: string, name: string): string {
  const imagePath = join(place, name);
  const workPath = join(imagePath, WORK);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  mkdirSync(imagePath, { mode: 0o700 });
  try {
    mkdirSync(workPath, { mode: 0o700 });
    return workPath;
  } catch (error) {
    removeTree(imagePath);
    throw error;
  }
}

/** Whether there is a checkpoint of this name, whole or not. */
export function isCheckpoint(place: string, name: string): boolean {
  return namesIn(place).includes(name);
}

/** Reads a checkpoint, and makes a directory for the runtime's work. @throws RuntimeError `bad-file`, or the system's error */
export function prepareRestore(checkpointDir: string): RestorePlace {
  // First: where there is no checkpoint, nothing is made.
  const record = readCheckpointRecord(checkpointDir);
  const workPath = join(checkpointDir, WORK, `restore-${new Date().toISOString()}`);
  // The runtime makes the last directory alone.
  mkdirSync(workPath, { recursive: true, mode: 0o700 });
  return { record, workPath };
}

function namesIn(place: string): string[] {
  try {
    return readdirSync(place, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
