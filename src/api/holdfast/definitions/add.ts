import type { DefinitionFiles } from '../../../programs/definition-files';
import { ProgramError } from '../../../programs/errors';

/** Add and Withdraw: a group is in use, or is not. @throws ProgramError */
export async function addOrWithdraw(files: DefinitionFiles, verb: 'add' | 'remove', group: string): Promise<Record<string, never>> {
  const result = await (verb === 'add' ? files.add(group) : files.remove(group));
  switch (result) {
    case 'added':
    case 'removed':
      return {};
    case 'already-active':
      throw new ProgramError('already-active', group, `process group already active: ${group}`);
    case 'still-running':
      throw new ProgramError('running', group, `process/group still running: ${group}`);
    case 'no-such-group':
      throw new ProgramError('no-such-process', group, `no such process/group: ${group}`);
  }
}
