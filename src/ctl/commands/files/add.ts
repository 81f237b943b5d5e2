import { type CtlErrorCode, CtlError } from '../../errors';
import { exitStatus } from '../../exit-status';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

export function defineAdd(program: Verb, tool: Tool): void {
  program
    .verb('add', { group: 'Define', summary: 'has groups in use that were read (reread), and starts them', example: 'add web' })
    .argument('[groups...]', 'groups, or programs that are in none')
    .action((groups: string[]) => forEach(tool, groups, async (name) => (await tool.connect()).definitions.add(name), 'added'));
}

export function defineRemove(program: Verb, tool: Tool): void {
  program
    .verb('remove', { group: 'Define', summary: 'has groups that do not run not in use any more, until add or update', example: 'remove web' })
    .argument('[groups...]', 'groups, or programs that are in none')
    .action((groups: string[]) => forEach(tool, groups, async (name) => (await tool.connect()).definitions.withdraw(name), 'removed'));
}

async function forEach(tool: Tool, groups: readonly string[], act: (name: string) => Promise<void>, done: 'added' | 'removed'): Promise<void> {
  for (const name of groups) {
    try {
      await act(name);
      tool.print(`${name}: ${done} process group`);
    } catch (error) {
      if (!(error instanceof CtlError) || error.code === 'unreachable') throw error;
      tool.print(`ERROR: ${words(error.code, name) ?? error.message}`);
      // To supervisorctl one that is there already is no failure.
      if (error.code !== 'already-started') tool.finish(exitStatus.failed);
    }
  }
}

/** supervisorctl's. */
function words(code: CtlErrorCode, name: string): string | undefined {
  if (code === 'no-such-process') return `no such process/group: ${name}`;
  return code === 'already-started' ? 'process group already active' : undefined;
}
