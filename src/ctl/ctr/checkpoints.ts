import { resolve } from 'node:path';
import { APIService } from '../../api/gen/legacy/api';
import { collect } from '../option-values';
import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { wanted, withLegacy } from './ask';
import { columns } from './text';

interface CheckpointOptions {
  readonly checkpointDir?: string;
  readonly tcp?: boolean;
  readonly unixSockets?: boolean;
  readonly exit?: boolean;
  readonly shell?: boolean;
  readonly emptyNs?: readonly string[];
}

const where = ['--checkpoint-dir <directory>', "where checkpoints are (default: in the container's bundle)"] as const;

/** `checkpoints`: list, create, delete. */
export function defineCheckpoints(program: Verb, tool: Tool): void {
  const checkpoints = program.verb('checkpoints', { group: 'Container', summary: "lists, makes and removes containers' checkpoints: containerd 0.2's forms", example: 'checkpoints list redis' });
  // Alone it is the list, as containers is. Its options would else take those of what follows.
  checkpoints
    .enablePositionalOptions()
    .argument('[id]', "the container's id")
    .option(...where)
    .action((id: string | undefined, options: CheckpointOptions) => list(tool, id, options));
  checkpoints
    .verb('list', { group: 'Container', summary: 'lists the checkpoints of a container', example: 'checkpoints list redis' })
    .argument('[id]', "the container's id")
    .option(...where)
    .action((id: string | undefined, options: CheckpointOptions) => list(tool, id, options));
  checkpoints
    .verb('create', { group: 'Container', summary: 'makes a checkpoint of a container that runs', example: 'checkpoints create --exit redis before' })
    .argument('[id]', "the container's id")
    .argument('[name]', "the checkpoint's name")
    .option('--tcp', 'with its open TCP connections')
    .option('--unix-sockets', 'with its open unix sockets')
    .option('--exit', 'end it then')
    .option('--shell', 'with its shell jobs')
    .option(...where)
    .option('--empty-ns <namespace>', 'a namespace whose state is left out; may be given again', collect)
    .action((id: string | undefined, name: string | undefined, options: CheckpointOptions) => create(tool, id, name, options));
  checkpoints
    .verb('delete', { group: 'Container', summary: 'removes a checkpoint', example: 'checkpoints delete redis before' })
    .argument('[id]', "the container's id")
    .argument('[name]', "the checkpoint's name")
    .option(...where)
    .action((id: string | undefined, name: string | undefined, options: CheckpointOptions) => remove(tool, id, name, options));
}

function directoryOf({ checkpointDir }: CheckpointOptions): string {
  return checkpointDir === undefined ? '' : resolve(checkpointDir);
}

async function list(tool: Tool, given: string | undefined, options: CheckpointOptions): Promise<void> {
  const request = { id: wanted(given, 'container id'), checkpointDir: directoryOf(options) };
  const { checkpoints } = await withLegacy(tool, (api) => api.ask(APIService.listCheckpoint, request));
  const rows = checkpoints.map(({ name, tcp, unixSockets, shell }) => [name, String(tcp), String(unixSockets), String(shell)]);
  for (const line of columns([['NAME', 'TCP', 'UNIX SOCKETS', 'SHELL'], ...rows])) tool.print(line);
}

async function create(tool: Tool, given: string | undefined, givenName: string | undefined, options: CheckpointOptions): Promise<void> {
  const id = wanted(given, 'container id');
  const checkpoint = {
    name: wanted(givenName, 'checkpoint name'),
    exit: options.exit === true,
    tcp: options.tcp === true,
    unixSockets: options.unixSockets === true,
    shell: options.shell === true,
    emptyNS: [...(options.emptyNs ?? [])],
  };
  const request = { id, checkpoint, checkpointDir: directoryOf(options) };
  await withLegacy(tool, (api) => api.ask(APIService.createCheckpoint, request));
}

async function remove(tool: Tool, given: string | undefined, givenName: string | undefined, options: CheckpointOptions): Promise<void> {
  const request = { id: wanted(given, 'container id'), name: wanted(givenName, 'checkpoint name'), checkpointDir: directoryOf(options) };
  await withLegacy(tool, (api) => api.ask(APIService.deleteCheckpoint, request));
}
