import { nameOf } from '../runtime/state-dir/container-key';
import { join } from 'node:path';
import { ProgramError } from './errors';
import { findProgram } from './list';
import type { Asked, ProgramParts } from './parts';
import { tellRequest } from './tell';

export interface ClearOrder extends Asked {
  readonly name: string;
}

/** Removes what is kept of a program's output until now; what it writes on is kept. @throws ProgramError `no-such-process`, `no-output`, `failed`, and as `ClearKept` */
export async function clearOutput(parts: ProgramParts, order: ClearOrder): Promise<void> {
  const { output } = parts;
  const program = await findProgram(parts, order.name);
  // What has never been started has nothing to clear, and that is no failure.
  if (program.record === undefined && program.managed === undefined) throw new ProgramError('no-output', order.name, `no output is kept of ${order.name}`);
  tellRequest(parts, 'clear', program.key, order);
  const isCleared = await output.files.clearKept({ dir: output.directoryOf(program.key), holdsDir: join(output.holdsDir, nameOf(program.key).id) });
  if (!isCleared) throw new ProgramError('failed', order.name, 'its newest file is in use and stays: what writes to it has no room on the disk');
}
