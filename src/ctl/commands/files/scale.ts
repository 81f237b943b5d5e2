import { followAction } from '../../acting';
import { CtlError } from '../../errors';
import { wholeNumber } from '../../option-values';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

export function defineScale(program: Verb, tool: Tool): void {
  program
    .verb('scale', {
      group: 'Act',
      summary: "has a program run so many processes, until its definition's numprocs is another one",
      example: 'scale web 4',
      statuses: '7 one could not be started',
    })
    .argument('<name>', 'of a program that a file defines')
    .argument('<count>', 'how many', wholeNumber)
    .action((name: string, count: number) => scale(tool, name, count));
}

async function scale(tool: Tool, name: string, count: number): Promise<void> {
  if (count === 0) throw new CtlError('invalid-argument', 'a program has at least one process', { hint: `To end all of them: holdfastctl stop ${name}` });
  const daemon = await tool.connect();
  const action = { doing: 'starting', names: [], isWide: true, goesOn: `${name} goes on being scaled` } as const;
  tool.finish(await followAction(tool, action, daemon.definitions.scale(name, count)));
}
