import { State } from '../../api/gen/holdfast/v1/containers';
import { CtlError, isCtlError } from '../errors';
import { execRequest } from '../exec-request';
import { INIT } from '../names';
import { randomDigits } from '../random-digits';
import { collect, wholeNumber } from '../option-values';
import { resultLine } from '../text/result-line';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface ExecOptions {
  readonly pid?: string;
  readonly detach?: boolean;
  readonly tty?: boolean;
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

export function defineExec(program: Verb, tool: Tool): void {
  program
    .verb('exec', {
      group: 'Once',
      summary: 'runs another process in a container, joined to this terminal',
      example: 'exec -t web -- sh',
      statuses: "the process's own; 125 a failure of ours; 126 it cannot be executed; 127 it is not there",
      wordsBeforeCommand: 1,
    })
    .argument('<name>', "the container's name")
    .argument('<command...>', 'the command')
    .option('--pid <name>', "the process's name, unique in the container (default: a random one)")
    .option('-a, --attach', 'join its stdio to this terminal: as ever without --detach')
    .option('-d, --detach', 'do not wait for it')
    .option('-t, --tty', 'give it a terminal (ctrl-p ctrl-q detaches)')
    .option('--cwd <directory>', "its working directory (default: that of the container's first process)")
    .option('-e, --env <NAME=value>', 'a variable more than the first process has; may be given again', collect)
    .option('--uid <number>', 'its user (default: that of the first process)', wholeNumber)
    .option('--gid <number>', 'its group', wholeNumber)
    .action((name: string, command: string[], options: ExecOptions) => exec(tool, name, command, options));
}

async function exec(tool: Tool, name: string, command: readonly string[], options: ExecOptions): Promise<void> {
  const daemon = await tool.connect();
  const container = await daemon.container(name);
  // Also in one that is up and not ready yet.
  if (container === undefined || (container.state !== State.RUNNING && container.pid === 0)) {
    const what = container === undefined ? 'no such container' : 'it does not run';
    throw new CtlError('no-such-process', `${name}: ${what}`, { hint: '"holdfastctl ps -a" lists what there is.' });
  }
  const terminal = options.tty === true;
  // With its namespace: its events are found by that.
  const id = `${container.namespace}/${container.id}`;
  const request = execRequest(id, container.processes.find((process) => process.id === INIT), {
    ...options,
    pid: options.pid ?? `exec-${await randomDigits(8)}`,
    terminal,
    term: tool.io.env['TERM'] ?? 'xterm',
    command,
  });
  try {
    if (options.detach === true) {
      await daemon.exec(request);
      tool.print(resultLine(`${name}/${request.process}`, 'started'));
      return;
    }
    const { runAttached } = await import('../attach/attached');
    const target = { id, pid: request.process, terminal };
    tool.finish(await runAttached(tool, target, (stdio, signal) => daemon.exec({ ...request, spec: { ...request.spec, stdio } }, signal)));
  } catch (error) {
    if (!isCtlError(error, 'refused', 'invalid-argument', 'not-running', 'already-started')) throw error;
    const ofProgram = failureStatus(error.message);
    throw new CtlError(error.code, error.message, { cause: error, ...(ofProgram === undefined ? {} : { exitStatus: ofProgram, isOfProgram: true }) });
  }
}

/** As a shell and podman have it. */
function failureStatus(message: string): number | undefined {
  if (/executable file not found|no such file or directory/.test(message)) return 127;
  return /permission denied|exec format error/.test(message) ? 126 : undefined;
}
