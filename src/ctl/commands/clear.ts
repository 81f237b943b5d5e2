import { missingName } from '../acting';
import { onEach } from '../on-each';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

export function defineClear(program: Verb, tool: Tool): void {
  program
    .verb('clear', { group: 'Act', summary: 'removes what is kept of programs\' output until now; they write on', example: 'clear web', since: '0.2.0' })
    .argument('[names...]', 'names, shell patterns, or all')
    .action(async (names: string[]) => {
      if (names.length === 0) missingName(tool, 'clear');
      else await onEach(tool, names, 'cleared', (daemon, { name }) => daemon.clear(name));
    });
}
