import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkpointArgs } from '../../runtime/oci/oci-runtime';
import type { CheckpointRecord } from '../../runtime/state-dir/checkpoint-file';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import { type Target, callForContainer } from './container-call';
import { WorkError } from '../errors';
import type { WorkTools } from '../tools';

const removalPatienceMs = 2000;

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
  const { foreign } = tools;
  const imagePath = join(place, checkpoint.name);
  const workPath = await makeNew(tools, place, checkpoint.name, signal);
  try {
    const args = { ...checkpoint, imagePath, workPath };
    await callForContainer(tools, target, 'checkpoint', (command, id) => checkpointArgs(command, id, args), signal);
    await foreign.describeCheckpoint(imagePath, { ...checkpoint, created: new Date().toISOString() }, signal);
  } catch (error) {
    const removal = foreign.removeCheckpoint(place, checkpoint.name).catch((cause: unknown) => {
      tools.log.warn({ imagePath, err: cause }, 'a checkpoint that was not made cannot be removed');
    });
    // Where its file system hangs, the container's other work is not to wait for it.
    await Promise.race([removal, delay(removalPatienceMs, undefined, { ref: false })]);
    throw error;
  }
}

/** The whole checkpoints below `place`, by name; none where the directory is not there. */
export async function listCheckpoints({ foreign }: WorkTools, place: string, signal: AbortSignal): Promise<readonly Checkpoint[]> {
  return await foreign.listCheckpoints(place, signal);
}

/** Removes a checkpoint. @throws WorkError `no-checkpoint` */
export async function deleteCheckpoint({ foreign }: WorkTools, place: string, name: string, signal: AbortSignal): Promise<void> {
  if (!(await foreign.removeCheckpoint(place, name, signal))) throw new WorkError('no-checkpoint', `checkpoint ${name} does not exist`);
}

async function makeNew({ foreign }: WorkTools, place: string, name: string, signal: AbortSignal): Promise<string> {
  try {
    return await foreign.makeCheckpoint(place, name, signal);
  } catch (cause) {
    if (cause instanceof WorkError) throw cause;
    const exists = errorCodeOf(cause) === 'EEXIST';
    throw new WorkError('checkpoint-failed', exists ? `checkpoint ${join(place, name)} already exists` : messageOf(cause), { cause });
  }
}
