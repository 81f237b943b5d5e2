import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

export function defineDefinition(program: Verb, tool: Tool): void {
  program
    .verb('definition', { group: 'Define', summary: 'prints the definition in use of a program: TOML with all defaults, secrets hidden', example: 'definition web' })
    .argument('<name>', 'a program, a group, or a process')
    .action(async (name: string) => {
      const daemon = await tool.connect();
      tool.print((await daemon.definitions.show(name)).trimEnd());
    });
}
