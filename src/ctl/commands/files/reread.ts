import { type GroupChange, GroupChange_Kind as Kind } from '../../../api/gen/holdfast/v1/definitions';
import { exitStatus } from '../../exit-status';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

export function defineReread(program: Verb, tool: Tool): void {
  program
    .verb('reread', {
      group: 'Define',
      summary: 'reads the definition files, and says what is not as it is in use; changes nothing that runs',
      example: 'reread',
      statuses: '1 something is wrong with a file',
    })
    .action(() => reread(tool));
}

async function reread(tool: Tool): Promise<void> {
  const daemon = await tool.connect();
  const { changes, errors } = await daemon.definitions.reread();
  for (const error of errors) tool.print(`ERROR: ${error}`);
  for (const change of changes) tool.print(changeLine(change));
  if (changes.length === 0 && errors.length === 0) tool.print('No config updates to processes');
  if (errors.length > 0) tool.finish(exitStatus.failed);
}

function changeLine({ group, kind }: GroupChange): string {
  const words = { [Kind.AVAILABLE]: 'available', [Kind.CHANGED]: 'changed', [Kind.DISAPPEARED]: 'disappeared', [Kind.UNKNOWN]: 'changed', [Kind.UNRECOGNIZED]: 'changed' };
  return `${group}: ${words[kind]}`;
}
