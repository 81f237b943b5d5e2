import { resolve } from 'node:path';
import { APIService, CreateContainerRequest, type CreateContainerResponse } from '../../api/gen/legacy/api';
import { readTerminal } from '../bundle/read';
import { INIT } from '../names';
import { collect } from '../option-values';
import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { wanted, withLegacy } from './ask';

interface StartOptions {
  readonly checkpoint?: string;
  readonly checkpointDir?: string;
  readonly attach?: boolean;
  readonly label?: readonly string[];
  readonly pivot: boolean;
  readonly runtime?: string;
  readonly runtimeArgs?: readonly string[];
}

export function defineStart(containers: Verb, tool: Tool): void {
  containers
    .verb('start', { group: 'Container', summary: 'starts a container from a bundle', example: 'containers start --attach redis ./redis' })
    .argument('[id]', "the container's id")
    .argument('[bundle]', 'the directory of its bundle')
    .option('-c, --checkpoint <name>', 'a checkpoint to start from')
    .option('--checkpoint-dir <directory>', 'where checkpoints are (default: in the bundle)')
    .option('-a, --attach', 'join its stdio to this terminal, and exit with its status')
    .option('-l, --label <label>', 'a label; may be given again', collect)
    .option('--no-pivot', 'let the runtime move its root instead of pivoting')
    .option('-r, --runtime <program>', "the OCI runtime (default: the daemon's)")
    .option('--runtime-args <argument>', 'an argument for every call of the runtime; may be given again', collect)
    .action((id: string | undefined, bundle: string | undefined, options: StartOptions) => start(tool, id, bundle, options));
}

async function start(tool: Tool, givenId: string | undefined, givenBundle: string | undefined, options: StartOptions): Promise<void> {
  const bundlePath = resolve(wanted(givenBundle, 'bundle path'));
  const id = wanted(givenId, 'container id');
  const request: CreateContainerRequest = {
    ...CreateContainerRequest.create(),
    id,
    bundlePath,
    checkpoint: options.checkpoint ?? '',
    checkpointDir: options.checkpointDir === undefined ? '' : resolve(options.checkpointDir),
    labels: [...(options.label ?? [])],
    noPivotRoot: !options.pivot,
    runtime: options.runtime ?? '',
    runtimeArgs: [...(options.runtimeArgs ?? [])],
  };
  await withLegacy(tool, async (api) => {
    const create = (stdio: object, signal?: AbortSignal): Promise<CreateContainerResponse> =>
      api.ask(APIService.createContainer, { ...request, ...stdio }, signal);
    if (options.attach !== true) {
      await create({});
      return;
    }
    const { runAttached } = await import('../attach/attached');
    // Its events are found by its name with its namespace.
    tool.finish(await runAttached(tool, { id: `legacy/${id}`, pid: INIT, terminal: readTerminal(bundlePath) }, create));
  });
}
