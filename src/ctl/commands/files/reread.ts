import { type GroupChange, GroupChange_Kind as Kind } from '../../../api/gen/holdfast/v1/definitions';
import { refusesWords } from '../../acting';
import { exitStatus } from '../../exit-status';
import { rereadJson } from '../../json/definitions';
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
    .option('--json', 'print an object')
    .allowExcessArguments()
    .action((options: { readonly json?: boolean }, verb: Verb) => (refusesWords(tool, verb) ? undefined : reread(tool, options.json === true)));
}

async function reread(tool: Tool, asJson: boolean): Promise<void> {
  const daemon = await tool.connect();
  const answer = await daemon.definitions.reread();
  const { changes, errors } = answer;
  if (errors.length > 0) tool.finish(exitStatus.failed);
  if (asJson) {
    tool.printJson(rereadJson(answer));
    return;
  }
  for (const error of errors) tool.print(`ERROR: ${error}`);
  for (const change of changes) tool.print(changeLine(change));
  if (changes.length === 0 && errors.length === 0) tool.print('No config updates to processes');
}

function changeLine({ group, kind }: GroupChange): string {
  const words = { [Kind.AVAILABLE]: 'available', [Kind.CHANGED]: 'changed', [Kind.DISAPPEARED]: 'disappeared', [Kind.UNKNOWN]: 'changed', [Kind.UNRECOGNIZED]: 'changed' };
  return `${group}: ${words[kind]}`;
}
