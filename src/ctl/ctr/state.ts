import { APIService } from '../../api/gen/legacy/api';
import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { wanted, withLegacy } from './ask';
import { goJson } from './text';

/** `state`, `containers state` and `containers stats`: the daemon's own answers. */
export function defineState(parent: Verb, tool: Tool): void {
  parent
    .verb('state', { group: 'Container', summary: 'prints all that the daemon says of containers, as JSON', example: 'containers state' })
    .argument('[id]', 'of one alone')
    .action(async (id: string | undefined) => { tool.print(goJson(await withLegacy(tool, (api) => api.state(id)))); });
}

export function defineStats(containers: Verb, tool: Tool): void {
  containers
    .verb('stats', { group: 'Container', summary: 'prints what a container uses, as JSON', example: 'containers stats redis' })
    .argument('[id]', "the container's id")
    .action(async (given: string | undefined) => {
      const id = wanted(given, 'container id');
      tool.print(goJson(await withLegacy(tool, (api) => api.ask(APIService.stats, { id }))));
    });
}
