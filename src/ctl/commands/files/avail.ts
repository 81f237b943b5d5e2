import { refusesWords } from '../../acting';
import { availableJson } from '../../json/definitions';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

export function defineAvail(program: Verb, tool: Tool): void {
  program
    .verb('avail', { group: 'Define', summary: 'shows the processes that the files define, as they were read last: in use or not, autostart, priorities', example: 'avail' })
    .option('--json', 'print an array of objects')
    .allowExcessArguments()
    .action(async (options: { readonly json?: boolean }, verb: Verb) => {
      if (refusesWords(tool, verb)) return;
      const daemon = await tool.connect();
      // supervisorctl's order: of a group's processes, too, by their own names.
      const available = [...(await daemon.definitions.available())].sort((one, other) => Number(ownName(one) > ownName(other)) - Number(ownName(one) < ownName(other)));
      if (options.json === true) {
        tool.printJson(available.map(availableJson));
        return;
      }
      for (const { name, in_use: inUse, autostart, group_priority: groupPriority, priority } of available) {
        // supervisorctl's columns.
        tool.print(`${name.padEnd(32)} ${(inUse ? 'in use' : 'avail').padEnd(9)} ${(autostart ? 'auto' : 'manual').padEnd(9)} ${String(groupPriority)}:${String(priority)}`);
      }
    });
}

function ownName({ name }: { readonly name: string }): string {
  return name.slice(name.indexOf(':') + 1);
}
