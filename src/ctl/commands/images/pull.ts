import type { PulledImage } from '../../../api/gen/holdfast/v1/images';
import { pullImage } from '../../images/transfer';
import { imageJson, imageSchema, shortName } from '../../json/image';
import { type Schema, withOptional } from '../../json/schema';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

export const pullSchema: Schema = withOptional(imageSchema, { changed: { type: 'boolean' } });

export function definePull(program: Verb, tool: Tool): void {
  program
    .verb('pull', { group: 'Images', summary: 'fetches an image of a registry; what was cut off is gone on with', example: 'pull busybox:1.37', statuses: '130 interrupted' })
    .argument('<name>', "an image's name, as with docker; its login is what docker login has kept")
    .option('--json', 'print an object')
    .action(async (name: string, { json }: { readonly json?: boolean }) => { show(tool, await pullImage(tool, name), json === true); });
}

function show(tool: Tool, { image, is_same: isSame }: PulledImage, asJson: boolean): void {
  if (image === undefined) return;
  if (asJson) tool.printJson({ ...imageJson(image), changed: !isSame });
  else tool.print(`${shortName(image.name)}: ${isSame ? 'up to date' : 'pulled'}, ${image.digest}`);
}
