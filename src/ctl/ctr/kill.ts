import { APIService } from '../../api/gen/legacy/api';
import { INIT } from '../names';
import { signalOption } from '../option-values';
import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { wanted, withLegacy } from './ask';

const SIGTERM = 15;

export function defineKill(containers: Verb, tool: Tool): void {
  containers
    .verb('kill', { group: 'Container', summary: 'sends a signal to a container or one of its processes', example: 'containers kill --signal KILL redis' })
    .argument('[id]', "the container's id")
    .option('-p, --pid <name>', "the process's name", INIT)
    .option('-s, --signal <signal>', 'by name or number', signalOption, SIGTERM)
    .action(async (id: string | undefined, { pid, signal }: { readonly pid: string; readonly signal: number }) => {
      const request = { id: wanted(id, 'container id'), pid, signal };
      await withLegacy(tool, (api) => api.ask(APIService.signal, request));
    });
}
