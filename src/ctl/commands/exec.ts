import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { INIT } from '../daemon-client';
import { CtlError } from '../errors';
import { collect, wholeNumber } from '../option-values';
import { resultLine } from '../text/result-line';
import type { Tool } from '../tool';
import { execRequest } from '../exec-request';

interface ExecOptions {
  readonly pid?: string;
  readonly attach?: boolean;
  readonly tty?: boolean;
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

export function defineExec(program: Command, tool: Tool): void {
  program
    .command('exec')
    .description('runs another process in a container')
    .argument('<id>', "the container's name")
    .argument('<command...>', 'the command, after -- where it has options of its own')
    .option('--pid <name>', "the process's name, unique in the container (default: a random one)")
    .option('-a, --attach', 'join its stdio to this terminal, and exit with its status')
    .option('-t, --tty', 'give it a terminal, and attach (ctrl-p ctrl-q detaches)')
    .option('--cwd <directory>', "its working directory (default: that of the container's first process)")
    .option('-e, --env <NAME=value>', 'a variable more than the first process has; may be given again', collect)
    .option('--uid <number>', 'its user (default: that of the first process)', wholeNumber)
    .option('--gid <number>', 'its group', wholeNumber)
    .action((id: string, command: string[], options: ExecOptions) => exec(tool, id, command, options));
}

async function exec(tool: Tool, id: string, command: readonly string[], options: ExecOptions): Promise<void> {
  const daemon = await tool.connect();
  const container = await daemon.container(id);
  if (container === undefined) {
    throw new CtlError('no-such-process', `${id}: no such container`, { hint: '"holdfastctl status" lists what there is.' });
  }
  const terminal = options.tty === true;
  const request = execRequest(id, container.processes.find((process) => process.pid === INIT), {
    ...options,
    pid: options.pid ?? `exec-${randomBytes(4).toString('hex')}`,
    terminal,
    term: tool.io.env['TERM'] ?? 'xterm',
    command,
  });
  if (options.attach === true || terminal) {
    const { runAttached } = await import('../attach/attached');
    const target = { id, pid: request.pid, terminal };
    tool.finish(await runAttached(tool, target, (stdio, signal) => daemon.addProcess({ ...request, ...stdio }, signal)));
  } else {
    await daemon.addProcess(request);
    tool.print(resultLine(`${id}/${request.pid}`, 'started'));
  }
}
