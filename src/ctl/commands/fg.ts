import { statSync } from 'node:fs';
import { type Container, State } from '../../api/gen/holdfast/v1/containers';
import type { DaemonClient } from '../daemon/daemon-client';
import { isInFifoDirectory, removeFifoDirectoryOf } from '../attach/fifo-directory';
import { isCtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { INIT, suggestNames } from '../names';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

export function defineFg(program: Verb, tool: Tool): void {
  program
    .verb('fg', {
      group: 'Once',
      summary: 'joins this terminal to a program that runs: what it writes from now on, and its stdin; Ctrl-C leaves it (ctrl-p ctrl-q where it has a terminal)',
      example: 'fg web',
      statuses: "the program's own, 128 + n where signal n has killed it; 0 it was left",
    })
    .alias('attach')
    .argument('[names...]', 'its name: one')
    .action((names: string[]) => fg(tool, names));
}

async function fg(tool: Tool, names: readonly string[]): Promise<void> {
  const [name] = names;
  if (name === undefined || names.length > 1) {
    refuse(tool, name === undefined ? 'no process name supplied' : 'too many process names supplied');
    tool.hint('holdfastctl help fg  says more.');
    return;
  }
  const daemon = await tool.connect();
  const container = await daemon.container(name);
  if (container === undefined) {
    refuse(tool, 'bad process name supplied');
    suggestNames(tool, [name], await daemon.containers());
    return;
  }
  if (container.state !== State.RUNNING && container.state !== State.STOPPING) {
    refuse(tool, 'process not running');
    return;
  }
  try {
    tool.finish(await join(tool, daemon, container));
  } catch (error) {
    // It has ended, or gone, in this moment; or neither its output is kept, nor has it FIFOs that somebody may read.
    if (!isCtlError(error, 'not-running', 'no-such-process')) throw error;
    refuse(tool, /no output/.test(error.message) ? 'its output goes to files, or nowhere' : 'process not running');
  }
}

async function join(tool: Tool, daemon: DaemonClient, container: Container): Promise<number> {
  const init = container.processes.find(({ id }) => id === INIT);
  const { stdin = '', stdout = '', stderr = '' } = init?.stdio ?? {};
  const terminal = init?.terminal === true;
  if (stdout !== '' && isFifo(stdout)) {
    // One of ctr's form that was left: its FIFOs are there still.
    const { rejoin } = await import('../attach/attached');
    return await rejoin(tool, { id: `${container.namespace}/${container.id}`, pid: INIT, terminal }, { stdin, stdout, stderr });
  }
  // One that was run joined to a terminal, and left: what is its stdin is there still.
  const own = isInFifoDirectory(stdin) && isFifo(stdin) ? { stdin } : {};
  if (stdin === '' && tool.io.stdin.isTTY === true) tool.hint(`The stdin of ${container.name} is the null device: what is typed here goes nowhere.`);
  const { foreground } = await import('../attach/foreground');
  const { status, isOver } = await foreground(tool, daemon, { name: container.name, terminal, ...own });
  if (isOver) removeFifoDirectoryOf(stdin);
  return status;
}

function isFifo(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
}

function refuse(tool: Tool, words: string): void {
  tool.print(`ERROR: ${words}`);
  tool.finish(exitStatus.failed);
}
