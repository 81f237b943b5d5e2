import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { defineExec } from './exec';
import { defineWatch } from './events';
import { defineKill } from './kill';
import { list } from './list';
import { defineStart } from './start';
import { defineState, defineStats } from './state';
import { defineUpdate } from './update';

/** `containers`: the forms of containerd 0.2's own command line, about the containers of its API. */
export function defineContainers(program: Verb, tool: Tool): void {
  const containers = program.verb('containers', { group: 'Container', summary: "starts, lists and ends containers in the forms of containerd 0.2's command line", example: 'containers list' });
  // What stands behind a command of another program is that program's.
  containers.enablePositionalOptions().action(() => list(tool));
  containers.verb('list', { group: 'Container', summary: 'lists containers', example: 'containers list' }).action(() => list(tool));
  defineStart(containers, tool);
  defineExec(containers, tool);
  defineKill(containers, tool);
  defineUpdate(containers, tool);
  defineState(containers, tool);
  defineStats(containers, tool);
  defineWatch(containers, tool);
}
