import type { PushedImage } from '../../../api/gen/holdfast/v1/images';
import { pushImage } from '../../images/transfer';
import { shortName } from '../../json/image';
import { type Schema, object } from '../../json/schema';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

const text = { type: 'string' };
const truth = { type: 'boolean' };
export const pushSchema: Schema = object({ name: text, short_name: text, digest: text, changed: truth, only_this_machine: truth });

export function definePush(program: Verb, tool: Tool): void {
  program
    .verb('push', { group: 'Images', summary: 'sends an image to a registry; what that has already is not sent', example: 'push tools:1 localhost:5000/tools:1', statuses: '130 interrupted' })
    .argument('<name>', 'an image of holdfastctl images')
    .argument('[reference]', 'what it is to be called there, registry and all (default: its name here); its login is what docker login has kept')
    .option('--json', 'print an object')
    .action(async (name: string, reference: string | undefined, { json }: { readonly json?: boolean }) => { show(tool, await pushImage(tool, name, reference ?? ''), json === true); });
}

function show(tool: Tool, { name, digest, is_same: isSame, is_part: isPart }: PushedImage, asJson: boolean): void {
  if (asJson) tool.printJson({ name, short_name: shortName(name), digest, changed: !isSame, only_this_machine: isPart });
  else tool.print(`${shortName(name)}: ${isSame ? 'up to date' : 'pushed'}, ${digest}${isPart ? ' (for this machine alone: the others of its index are not here)' : ''}`);
}
