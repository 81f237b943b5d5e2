import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

export function defineAvail(program: Verb, tool: Tool): void {
  program
    .verb('avail', { group: 'Define', summary: 'shows the processes that the files define, as they were read last: in use or not, autostart, priorities', example: 'avail' })
    .action(async () => {
      const daemon = await tool.connect();
      for (const { name, in_use: inUse, autostart, group_priority: groupPriority, priority } of await daemon.definitions.available()) {
        // supervisorctl's columns.
        tool.print(`${name.padEnd(32)} ${(inUse ? 'in use' : 'avail').padEnd(9)} ${(autostart ? 'auto' : 'manual').padEnd(9)} ${String(groupPriority)}:${String(priority)}`);
      }
    });
}
