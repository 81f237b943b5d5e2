import { APIService, AddProcessRequest, type AddProcessResponse, type Process } from '../../api/gen/legacy/api';
import { DEFAULT_PATH } from '../exec-request';
import { INIT } from '../names';
import { collect, wholeNumber } from '../option-values';
import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { wanted, withLegacy } from './ask';

interface ExecOptions {
  readonly id?: string;
  readonly pid?: string;
  readonly attach?: boolean;
  readonly cwd?: string;
  readonly tty?: boolean;
  readonly env?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

export function defineExec(containers: Verb, tool: Tool): void {
  containers
    .verb('exec', { group: 'Container', summary: 'runs another process in a container', example: 'containers exec --id redis --pid shell --attach --tty sh', statuses: "with --attach the process's own" })
    .passThroughOptions()
    .argument('[command...]', 'the command')
    .option('--id <id>', "the container's id")
    .option('--pid <name>', "the process's name, unique in the container")
    .option('-a, --attach', 'join its stdio to this terminal, and exit with its status')
    .option('--cwd <directory>', "its working directory (default: that of the container's first process)")
    .option('-t, --tty', 'give it a terminal')
    .option('-e, --env <NAME=value>', 'a variable more than the first process has; may be given again', collect)
    .option('-u, --uid <number>', 'its user (default: that of the first process)', wholeNumber)
    .option('-g, --gid <number>', 'its group', wholeNumber)
    .action((command: string[], options: ExecOptions) => exec(tool, command, options));
}

async function exec(tool: Tool, command: readonly string[], options: ExecOptions): Promise<void> {
  const id = wanted(options.id, 'container id');
  const pid = wanted(options.pid, 'process id');
  wanted(command[0], 'command');
  await withLegacy(tool, async (api) => {
    const { containers: [container] } = await api.state(id);
    const request = requestOf(id, pid, command, options, container?.processes.find((process) => process.pid === INIT));
    const add = (stdio: object, signal?: AbortSignal): Promise<AddProcessResponse> =>
      api.ask(APIService.addProcess, { ...request, ...stdio }, signal);
    if (options.attach !== true) {
      await add({});
      return;
    }
    const { runAttached } = await import('../attach/attached');
    tool.finish(await runAttached(tool, { id: `legacy/${id}`, pid, terminal: options.tty === true }, add));
  });
}

/** What is not said is as of the container's first process: the daemon fills nothing in. */
function requestOf(id: string, pid: string, command: readonly string[], { cwd, tty, env = [], uid, gid }: ExecOptions, init: Process | undefined): AddProcessRequest {
  return {
    ...AddProcessRequest.create(),
    id,
    pid,
    terminal: tty === true,
    args: [...command],
    cwd: cwd ?? init?.cwd ?? '/',
    env: [...(init?.env ?? [DEFAULT_PATH]), ...env],
    user: { uid: uid ?? init?.user?.uid ?? 0, gid: gid ?? init?.user?.gid ?? 0, additionalGids: init?.user?.additionalGids ?? [] },
    capabilities: init?.capabilities ?? [],
    rlimits: init?.rlimits ?? [],
    apparmorProfile: init?.apparmorProfile ?? '',
    selinuxLabel: init?.selinuxLabel ?? '',
    noNewPrivileges: init?.noNewPrivileges ?? false,
  };
}
