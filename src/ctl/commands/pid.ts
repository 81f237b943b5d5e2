import type { Command } from 'commander';
import { INIT } from '../daemon-client';
import { exitStatus, firstFailure } from '../exit-status';
import { pastExits } from '../exit-history';
import { selectByName } from '../names';
import type { Tool } from '../tool';

export function definePid(program: Command, tool: Tool): void {
  program
    .command('pid')
    .description("shows the daemon's pid, or those of containers' first processes (0 where none runs)")
    .argument('[names...]', 'names, shell patterns, or all')
    .action((names: string[]) => pid(tool, names));
}

async function pid(tool: Tool, names: readonly string[]): Promise<void> {
  if (names.length === 0) {
    const { daemonPid } = await import('../daemon-pid');
    tool.print(String(await daemonPid(tool.address())));
    return;
  }
  const daemon = await tool.connect();
  const { matched, unknown } = selectByName(await daemon.containers(), names);
  const statuses: number[] = [];
  const print = (number: number): void => {
    tool.print(String(number));
    statuses.push(number === 0 ? exitStatus.notRunning : exitStatus.ok);
  };
  for (const container of matched) {
    const init = container.processes.find((process) => process.pid === INIT);
    print(container.status === 'stopped' ? 0 : (init?.systemPid ?? 0));
  }
  for (const name of unknown) {
    if ((await pastExits(daemon, name)).has(name)) {
      print(0);
    } else {
      tool.print(`No such process ${name}`);
      statuses.push(exitStatus.failed);
    }
  }
  tool.finish(firstFailure(statuses));
}
