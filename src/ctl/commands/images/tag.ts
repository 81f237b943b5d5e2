import { shortName } from '../../json/image';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

export function defineTag(program: Verb, tool: Tool): void {
  program
    .verb('tag', { group: 'Images', summary: 'gives an image another name, whatever that has stood for', example: 'tag tools:1 localhost:5000/tools:1' })
    .argument('<name>', 'an image of holdfastctl images')
    .argument('<new-name>', 'its other name')
    .action(async (name: string, newName: string) => {
      const image = await (await tool.connect()).images.tag(name, newName);
      tool.print(`${shortName(image?.name ?? newName)}: tagged`);
    });
}
