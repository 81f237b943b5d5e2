import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CheckpointRecord, readCheckpointRecord, writeCheckpointRecord } from '../runtime/checkpoint-file';
import { RuntimeError } from '../runtime/errors';
import { checkpointArgs } from '../runtime/oci-runtime';
import { errorCodeOf, messageOf } from '../sys/thrown';
import { type Target, callForContainer } from './container-call';
import { WorkError } from './errors';
import type { WorkTools } from './tools';

/** A checkpoint as a client names it. */
export type Checkpoint = Omit<CheckpointRecord, 'created'>;

/** Where a container's checkpoints are: the client's directory, or in its bundle. */
export function checkpointsOf(bundlePath: string, checkpointDir: string): string {
  return checkpointDir === '' ? join(bundlePath, 'checkpoints') : checkpointDir;
}

/**
 * Has the runtime make a checkpoint in a new directory below `place`. Its
 * description is written last: without it a checkpoint is half-made and not listed.
 * @throws WorkError, what was made removed
 */
export async function createCheckpoint(
  tools: WorkTools,
  target: Target,
  place: string,
  checkpoint: Checkpoint,
  signal: AbortSignal,
): Promise<void> {
  const imagePath = join(place, checkpoint.name);
  makeNew(place, imagePath);
  const workPath = join(imagePath, 'criu.work');
  try {
    mkdirSync(workPath, { mode: 0o700 });
    const args = { ...checkpoint, imagePath, workPath };
    await callForContainer(tools, target, 'checkpoint', (command, id) => checkpointArgs(command, id, args), signal);
    writeCheckpointRecord(imagePath, { ...checkpoint, created: new Date().toISOString() });
  } catch (error) {
    rmSync(imagePath, { recursive: true, force: true });
    throw error;
  }
}

/** The whole checkpoints below `place`, by name; none where the directory is not there. */
export function listCheckpoints(place: string): Checkpoint[] {
  const found: Checkpoint[] = [];
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

/** Removes a checkpoint. @throws WorkError `no-checkpoint` */
export function deleteCheckpoint(place: string, name: string): void {
  if (!namesIn(place).includes(name)) throw new WorkError('no-checkpoint', `checkpoint ${name} does not exist`);
  rmSync(join(place, name), { recursive: true });
}

function makeNew(place: string, imagePath: string): void {
  try {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    mkdirSync(imagePath, { mode: 0o700 });
  } catch (cause) {
    const exists = errorCodeOf(cause) === 'EEXIST';
    throw new WorkError('checkpoint-failed', exists ? `checkpoint ${imagePath} already exists` : messageOf(cause), { cause });
  }
}

function namesIn(place: string): string[] {
  try {
    return readdirSync(place, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
