import { exitStatus, lastFailure } from '../exit-status';
import { selectContainers, suggestNames } from '../names';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

export function definePid(program: Verb, tool: Tool): void {
  program
    .verb('pid', {
      group: 'Look',
      summary: "shows the daemon's pid, or those of programs' first processes (0 where none runs)",
      example: 'pid web',
      statuses: '7 it does not run',
    })
    .argument('[names...]', 'names, shell patterns, or all')
    .action((names: string[]) => pid(tool, names));
}

async function pid(tool: Tool, names: readonly string[]): Promise<void> {
  if (names.length === 0) {
    const { daemonPid } = await import('../daemon/daemon-pid');
    tool.print(String(await daemonPid(tool.address())));
    return;
  }
  const { matched, unknown, known, isWide } = await selectContainers(await tool.connect(), names);
  const pids = new Map(matched.map((container) => [container.name, container.pid]));
  const order = isWide ? [...pids.keys(), ...unknown] : [...new Set(names)];
  const statuses = order.map((name) => {
    const number = pids.get(name);
    tool.print(number === undefined ? `No such process ${name}` : String(number));
    // Of all, those that do not run are no failure.
    if (number === undefined) return exitStatus.failed;
    return number === 0 && !isWide ? exitStatus.notRunning : exitStatus.ok;
  });
  suggestNames(tool, unknown, known);
  tool.finish(lastFailure(statuses));
}
