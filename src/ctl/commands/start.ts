import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { INIT } from '../daemon-client';
import { CtlError, isCtlError } from '../errors';
import type { StdioPaths } from '../attach/stdio-fifos';
import { readTerminal } from '../bundle/read';
import { collect } from '../option-values';
import { resultLine, resultStatus, type Result } from '../text/result-line';
import type { Tool } from '../tool';
import { errorCodeOf, messageOf } from '../../sys/thrown';

interface StartOptions {
  readonly attach?: boolean;
  readonly label?: readonly string[];
  readonly pivot: boolean;
  readonly runtime?: string;
  readonly runtimeArgs?: readonly string[];
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

export function defineStart(program: Command, tool: Tool): void {
  program
    .command('start')
    .description('starts a container from an OCI bundle')
    .argument('<id>', 'its name')
    .argument('<bundle>', 'the directory with its config.json')
    .option('-a, --attach', 'join its stdio to this terminal, and exit with its status (ctrl-p ctrl-q detaches)')
    .option('--stdin <file>', 'a file or FIFO to read from (default: the null device)')
    .option('--stdout <file>', 'a file that its output is added to, or a FIFO (default: the null device)')
    .option('--stderr <file>', 'the same for its error output')
    .option('-l, --label <label>', 'a label for the container; may be given again', collect)
    .option('--no-pivot', 'let the runtime move its root instead of pivoting (for a root on a ramdisk)')
    .option('--runtime <program>', "the OCI runtime, instead of the daemon's")
    .option('--runtime-args <argument>', 'an argument for every call of the runtime; may be given again', collect)
    .action((id: string, bundle: string, options: StartOptions) => start(tool, id, resolve(bundle), options));
}

async function start(tool: Tool, id: string, bundlePath: string, options: StartOptions): Promise<void> {
  if (options.attach === true && (options.stdin ?? options.stdout ?? options.stderr) !== undefined) {
    throw new CtlError('invalid-argument', 'the process is either attached to this terminal (--attach) or given files', {
      hint: 'With --attach, redirect as for any command: holdfastctl start -a … >file',
    });
  }
  let started = false;
  try {
    const daemon = await tool.connect();
    const request = {
      id,
      bundlePath,
      labels: [...(options.label ?? [])],
      noPivotRoot: !options.pivot,
      runtime: options.runtime ?? '',
      runtimeArgs: [...(options.runtimeArgs ?? [])],
    };
    if (options.attach === true) {
      const { runAttached } = await import('../attach/attached');
      const target = { id, pid: INIT, terminal: readTerminal(bundlePath) };
      const create = async (stdio: StdioPaths, signal: AbortSignal): Promise<void> => {
        await daemon.createContainer({ ...request, ...stdio }, signal);
        started = true;
      };
      tool.finish(await runAttached(tool, target, create));
    } else {
      await daemon.createContainer({ ...request, ...filesOf(options) });
      tool.print(resultLine(id, 'started'));
    }
  } catch (error) {
    // What fails in an attached session later on is no failure of the start.
    if (started || !isCtlError(error, 'refused', 'already-started', 'no-such-process', 'not-running', 'bad-bundle')) throw error;
    const result = await reasonOf(tool, id, error);
    tool.print(resultLine(id, result));
    if (result !== 'already started') tool.explain(`${id}: ${error.message}`, error.hint ?? adviceFor(error.message));
    tool.finish(resultStatus(result));
  }
}

/** The daemon knows no working directory of ours: its paths are absolute. */
function filesOf({ stdin, stdout, stderr }: StartOptions): { stdin: string; stdout: string; stderr: string } {
  return {
    stdin: stdin === undefined ? '' : resolve(stdin),
    stdout: stdout === undefined ? '' : outputFile(stdout),
    stderr: stderr === undefined ? '' : outputFile(stderr),
  };
}

/** Made here where it is not there: the daemon's side would make a FIFO, as the contract has it for clients. */
function outputFile(file: string): string {
  const path = resolve(file);
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (errorCodeOf(error) === 'EEXIST') return path;
    throw new CtlError('local', `cannot make ${path}: ${messageOf(error)}`, { cause: error });
  }
  return path;
}

/**
 * The contract has no text for a name in use. But a failed start leaves no container behind, so
 * one that is there was there before.
 */
async function reasonOf(tool: Tool, id: string, error: CtlError): Promise<Result> {
  if (error.code === 'already-started') return 'already started';
  if (error.code === 'bad-bundle') return 'spawn error';
  if ((await (await tool.connect()).container(id)) !== undefined) return 'already started';
  const endedEarly = /did not start before|shim exited before/.test(error.message);
  return endedEarly ? 'abnormal termination' : 'spawn error';
}

const advice: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/executable file not found|no such file or directory/, 'See that the bundle is there, and its command in its root file system.'],
  [/permission denied/, 'See that the command may be executed by the user of the bundle.'],
  [/not installed on system/, 'Install it, or name another one with --runtime.'],
  [/did not start before/, "The runtime hangs, or the machine is too busy: the daemon's log says more."],
];

function adviceFor(message: string): string {
  return advice.find(([pattern]) => pattern.test(message))?.[1] ?? "The daemon's log says more.";
}
