import { shortName } from '../../json/image';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

export function defineRmi(program: Verb, tool: Tool): void {
  program
    .verb('rmi', { group: 'Images', summary: 'takes names of images away, and what nothing else keeps', example: 'rmi busybox' })
    .argument('<names...>', 'names of images; programs that run from one keep what they need')
    .action(async (names: string[]) => {
      for (const name of await (await tool.connect()).images.remove(names)) tool.print(`${shortName(name)}: removed`);
    });
}
