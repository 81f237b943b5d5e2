import { closeSync, existsSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Container, Outcome, type Definition } from '../../api/gen/holdfast/v1/containers';
import { followAction, missingName } from '../acting';
import type { StdioPaths } from '../attach/stdio-fifos';
import { readTerminal, terminalOf } from '../bundle/read';
import type { DaemonClient } from '../daemon/daemon-client';
import { CtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { INIT, isProgram, selectContainers, suggestNames } from '../names';
import { collect, seconds } from '../option-values';
import { resultLine, resultOf, resultStatus } from '../text/result-line';
import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { errorCodeOf, messageOf } from '../../sys/thrown';

interface StartOptions {
  readonly attach?: boolean;
  readonly wait: boolean;
  readonly withDependencies?: boolean;
  readonly dependencies: boolean;
  readonly timeout?: number;
  readonly label?: readonly string[];
  readonly pivot: boolean;
  readonly rm?: boolean;
  readonly runtime?: string;
  readonly runtimeArgs?: readonly string[];
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

export function defineStart(program: Verb, tool: Tool): void {
  program
    .verb('start', {
      group: 'Act',
      summary: 'starts programs by their names, or a new one from an OCI bundle',
      example: 'start web ./bundle --stdout web.log',
      statuses: '7 it could not be started; 124 not RUNNING after --timeout; with --attach that of the process',
    })
    .argument('[names...]', 'names, shell patterns, or all; or a new name and the directory of a bundle, written with a slash')
    .option('-a, --attach', 'join its stdio to this terminal, and exit with its status (ctrl-p ctrl-q detaches)')
    .option('--no-wait', 'do not wait until it is RUNNING')
    .option('--with-dependencies', 'start what it waits for, too, as far as that is down (so it is, where nothing is said)')
    .option('--no-dependencies', 'start nothing else')
    .option('-t, --timeout <seconds>', 'wait so long until it is RUNNING; it goes on', seconds)
    .option('--stdin <file>', 'a file or FIFO to read from (default: the null device)')
    .option('--stdout <file>', 'a file that its output is added to, or a FIFO (default: kept, for logs and tail)')
    .option('--stderr <file>', 'the same for its error output')
    .option('-l, --label <label>', 'a label for the container; may be given again', collect)
    .option('--no-pivot', 'let the runtime move its root instead of pivoting (for a root on a ramdisk)')
    .option('--rm', 'forget it at its end')
    .option('--runtime <program>', "the OCI runtime, instead of the daemon's")
    .option('--runtime-args <argument>', 'an argument for every call of the runtime; may be given again', collect)
    .action((names: string[], options: StartOptions) => start(tool, names, options));
}

/** Names hold no slash but for a namespace, and those are not started by name: so what has one is a directory. */
function isPath(text: string): boolean {
  return text.includes('/') || text === '.' || text === '..';
}

async function start(tool: Tool, names: readonly string[], options: StartOptions): Promise<void> {
  if (options.attach === true && (options.stdin ?? options.stdout ?? options.stderr) !== undefined) {
    throw new CtlError('invalid-argument', 'the process is either attached to this terminal (--attach) or given files', {
      hint: 'With --attach, redirect as for any command: holdfastctl start -a … >file',
    });
  }
  const [name, bundle] = names;
  if (name === undefined) {
    missingName(tool, 'start');
    return;
  }
  if (names.length === 2 && bundle !== undefined && isPath(bundle)) {
    await startOne(tool, name, definitionOf(resolve(bundle), options), options);
  } else if (options.attach === true) {
    if (names.length > 1) throw new CtlError('invalid-argument', 'one at a time can be attached to this terminal');
    await startOne(tool, name, undefined, options);
  } else {
    await startNamed(tool, names, options);
  }
}

async function startNamed(tool: Tool, names: readonly string[], { wait, timeout, dependencies }: StartOptions): Promise<void> {
  const daemon = await tool.connect();
  const { matched, unknown, known, isWide } = await selectContainers(daemon, names);
  // Containers of other APIs are not started by name: they are not meant by `all`.
  const startable = matched.filter((container) => !isWide || isProgram(container)).map((container) => container.name);
  const order = isWide ? [...startable, ...unknown] : [...new Set(names)];
  const waitMs = wait ? (timeout === undefined ? undefined : BigInt(Math.round(timeout * 1000))) : 0n;
  const action = { doing: 'starting', names: order, isWide, statusOfLate: wait ? exitStatus.timedOut : exitStatus.ok, ...goingOn(matched) } as const;
  tool.finish(await followAction(tool, action, daemon.start({ names: startable, wait_ms: waitMs, with_dependencies: dependencies }), unknown));
  suggestNames(tool, unknown, known);
  for (const name of unknown) {
    if (existsSync(join(name, 'config.json'))) tool.hint(`A bundle is written with a slash: holdfastctl start ${names[0] ?? 'NAME'} ./${name}`);
  }
}

/** Whoever keeps programs running goes on with those that files define; of the others, what does not run yet is taken back. */
function goingOn(matched: readonly Container[]): { readonly goesOn?: string } {
  const kept = matched.filter(({ managed }) => managed !== undefined).map(({ name }) => name);
  return kept.length === 0 || kept.length < matched.length ? {} : { goesOn: `${kept.join(', ')} ${kept.length === 1 ? 'goes' : 'go'} on starting` };
}

async function startOne(tool: Tool, name: string, definition: Definition | undefined, options: StartOptions): Promise<void> {
  const daemon = await tool.connect();
  if (options.attach === true) {
    await startAttached(tool, daemon, name, definition);
    return;
  }
  const action = { doing: 'starting', names: [name], isWide: false } as const;
  const whole = definition && { ...definition, stdio: filesOf(options) };
  tool.finish(await followAction(tool, action, daemon.start({ names: [name], definition: whole })));
}

async function startAttached(tool: Tool, daemon: DaemonClient, name: string, definition: Definition | undefined): Promise<void> {
  const { runAttached } = await import('../attach/attached');
  const target = { id: name, pid: INIT, terminal: hasTerminal(definition ?? (await daemon.container(name))?.definition) };
  const refusal = new Map<string, Outcome>();
  const create = async (stdio: StdioPaths, signal: AbortSignal): Promise<void> => {
    for await (const { result } of daemon.start({ names: [name], definition, stdio }, signal)) {
      if (result === undefined || result.outcome === Outcome.STARTED) continue;
      refusal.set(name, result.outcome);
      throw new CtlError('refused', result.detail, { exitStatus: exitStatus.ours });
    }
  };
  try {
    tool.finish(await runAttached(tool, target, create));
  } catch (error) {
    const outcome = refusal.get(name);
    if (outcome === undefined || !(error instanceof CtlError)) throw error;
    const result = resultOf(outcome);
    tool.print(resultLine(name, result));
    if (error.message !== '') tool.explain(`${name}: ${error.message}`);
    tool.finish(resultStatus(result));
  }
}

function hasTerminal(definition: Definition | undefined): boolean {
  if (definition === undefined) return false;
  const { bundle, host_program: hostProgram, container_spec: containerSpec } = definition;
  return bundle === '' ? terminalOf(JSON.parse(Buffer.concat([hostProgram, containerSpec]).toString('utf8'))) : readTerminal(bundle);
}

function definitionOf(bundle: string, options: StartOptions): Definition {
  return {
    bundle,
    host_program: Buffer.alloc(0),
    container_spec: Buffer.alloc(0),
    runtime: options.runtime ?? '',
    runtime_args: [...(options.runtimeArgs ?? [])],
    no_pivot: !options.pivot,
    labels: [...(options.label ?? [])],
    stdio: undefined,
    remove_at_end: options.rm === true,
    kept_output: undefined,
  };
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
