import { type KeptStream, keptStreamOf } from '../copier/protocol';
import { heldSetOf, processOf } from '../../runtime/shim-messages';
import type { HeldSet, ShimProcess } from '../../runtime/shim-protocol';
import type { StreamName } from '../../runtime/state-dir/between';
import type { LoggerNote } from '../../runtime/state-dir/logger-note';
import { Fields } from '../../runtime/fields';

/**
 * Raised where a program of before could not take the state up. What is added without that must be absent in what an older program
 * hands over, and may be left out by a newer one.
 */
const FORMAT = 1;

/** Notes a descriptor that the next program is to have, under its number, and gives it back. */
export type Keep = (fd: number) => number;

/** All that a shim has, for the program that it goes on as. Descriptors are numbers, which stay. */
export interface ShimState {
  readonly copyRuntimes: boolean;
  readonly listenFd: number;
  readonly connections: readonly ConnectionState[];
  readonly processes: readonly ProcessState[];
  readonly lingering: readonly LingeringState[];
  /** Programs of before have none. */
  readonly held?: readonly HeldSet[] | undefined;
}

export interface ConnectionState {
  readonly fd: number;
  /** What has come of a line that has no end yet, in base64. */
  readonly unread: string;
  /** Requests that have not been answered, each to be done once more. */
  readonly unanswered: readonly string[];
  /** The number of the request that this is done for. */
  readonly upgrade?: number | undefined;
}

export interface ProcessState {
  readonly identity: ShimProcess;
  /** The container's own global flags of the runtime. */
  readonly runtimeArgs: readonly string[];
  readonly pid: number;
  /** Of one that is not our child, adopted from a dead shim. */
  readonly adopted?: { readonly starttime: string; readonly pidFd?: number | undefined } | undefined;
  /** It has been reaped, and is to be brought to its end. */
  readonly status?: number | undefined;
  readonly isAborted: boolean;
  readonly exitFd?: number | undefined;
  /** `rest`: what has come of a line that has no end yet. */
  readonly control?: { readonly fd: number; readonly rest: string } | undefined;
  readonly io?: IoState | undefined;
}

export type IoState = PassedState | TerminalState;

export interface PassedState {
  readonly kind: 'passed';
  readonly keepers: { readonly [P in StreamName]?: number | undefined };
  readonly copies: readonly CopyState[];
  readonly input?: InputPipeState | undefined;
  /** `fds`: what this side holds of its pipes. */
  readonly logger?: { readonly note: LoggerNote; readonly fds: readonly number[] } | undefined;
}

/** A pipe that is a process's stdin: `fromFd` is the client's FIFO, read alone once `isClosing`. */
export interface InputPipeState {
  readonly fromFd: number;
  readonly writeFd: number;
  readonly isClosing: boolean;
}

/** A stream that a copier is at, between a plain file and a process. */
export interface CopyState {
  readonly direction: 'input' | 'output';
  /** Absent in what older shims hand over. */
  readonly stream?: StreamName | undefined;
  readonly about: string;
  readonly fifoFd: number;
  readonly stagedFd: number;
  readonly fileFd: number;
  readonly noteFd: number;
  /** Of output that is kept. */
  readonly kept?: KeptStream | undefined;
}

export interface TerminalState {
  readonly kind: 'terminal';
  readonly input: EndState;
  readonly output: EndState;
  readonly masterFd?: number | undefined;
  readonly inputMasterFd?: number | undefined;
  readonly size?: { readonly columns: number; readonly rows: number } | undefined;
  readonly isStdinClosed: boolean;
  readonly inputPump?: PumpState | undefined;
  readonly outputPump?: PumpState | undefined;
  readonly copies: readonly CopyState[];
  readonly logger?: LoggerNote | undefined;
  /** A logger's other pipe, to which nothing is written. */
  readonly silentFd?: number | undefined;
}

/** `endFd`: of a FIFO, the way alone that is gone over; programs of before have none. */
export type EndState =
  | { readonly kind: 'null' }
  | { readonly kind: 'fifo' | 'oneWay'; readonly fd: number; readonly endFd?: number | undefined };

export interface PumpState {
  readonly hasEnded: boolean;
  readonly copiedBytes: number;
  /** What was read and could not be written yet, in base64. */
  readonly pending?: string | undefined;
}

export interface LingeringState {
  /** How long nobody has taken anything of it. */
  readonly waitedMs: number;
  readonly lingerer: LingererState;
}

export type LingererState =
  | { readonly kind: 'unread'; readonly fd: number }
  | ({ readonly kind: 'copy' } & CopyState)
  | (TerminalState & { readonly about: string; readonly dir: string });

export function encodeState(state: ShimState): string {
  return JSON.stringify({ format: FORMAT, ...state });
}

/** @throws RuntimeError `bad-message`, naming the member, for what this program cannot take up */
export function decodeState(text: string): ShimState {
  const value: unknown = JSON.parse(text);
  const fields = Fields.of(value, 'state of a shim', 'bad-message');
  if (fields.integer('format') !== FORMAT) fields.fail('format', `not ${FORMAT}`);
  return {
    copyRuntimes: fields.boolean('copyRuntimes'),
    listenFd: fields.integer('listenFd'),
    connections: fields.objects('connections').map(connectionOf),
    processes: fields.objects('processes').map(processStateOf),
    held: fields.optionalObjects('held').map(heldSetOf),
    lingering: fields.objects('lingering').map((waiting) => ({
      waitedMs: waiting.integer('waitedMs', 0, Number.MAX_SAFE_INTEGER),
      lingerer: lingererOf(waiting.object('lingerer')),
    })),
  };
}

function connectionOf(fields: Fields): ConnectionState {
  return {
    fd: fields.integer('fd'),
    unread: fields.string('unread'),
    unanswered: fields.strings('unanswered'),
    upgrade: fields.optionalInteger('upgrade', 0, Number.MAX_SAFE_INTEGER),
  };
}

function processStateOf(fields: Fields): ProcessState {
  const adopted = fields.optionalObject('adopted');
  const control = fields.optionalObject('control');
  const io = fields.optionalObject('io');
  return {
    identity: processOf(fields.object('identity')),
    runtimeArgs: fields.strings('runtimeArgs'),
    pid: fields.integer('pid', 1),
    adopted: adopted === undefined ? undefined : { starttime: adopted.string('starttime'), pidFd: adopted.optionalInteger('pidFd') },
    status: fields.optionalInteger('status', 0, 255),
    isAborted: fields.boolean('isAborted'),
    exitFd: fields.optionalInteger('exitFd'),
    control: control === undefined ? undefined : { fd: control.integer('fd'), rest: control.string('rest') },
    io: io === undefined ? undefined : ioOf(io),
  };
}

function ioOf(fields: Fields): IoState {
  const kind = fields.string('kind');
  if (kind === 'terminal') return terminalOf(fields);
  if (kind !== 'passed') return fields.fail('kind', `unknown kind ${JSON.stringify(kind)}`);
  const keepers = fields.object('keepers');
  return {
    kind,
    keepers: { stdin: keepers.optionalInteger('stdin'), stdout: keepers.optionalInteger('stdout'), stderr: keepers.optionalInteger('stderr') },
    copies: fields.objects('copies').map(copyOf),
    input: inputPipeOf(fields.optionalObject('input')),
    logger: passedLoggerOf(fields.optionalObject('logger')),
  };
}

function passedLoggerOf(fields: Fields | undefined): PassedState['logger'] {
  return fields === undefined ? undefined : { note: loggerOf(fields.object('note')), fds: fields.integers('fds') };
}

function loggerOf(fields: Fields): LoggerNote {
  return { pid: fields.integer('pid', 1), starttime: fields.string('starttime') };
}

function optionalLoggerOf(fields: Fields | undefined): LoggerNote | undefined {
  return fields === undefined ? undefined : loggerOf(fields);
}

function inputPipeOf(fields: Fields | undefined): InputPipeState | undefined {
  if (fields === undefined) return undefined;
  return { fromFd: fields.integer('fromFd'), writeFd: fields.integer('writeFd'), isClosing: fields.boolean('isClosing') };
}

function terminalOf(fields: Fields): TerminalState {
  const size = fields.optionalObject('size');
  return {
    kind: 'terminal',
    input: endOf(fields.object('input')),
    output: endOf(fields.object('output')),
    masterFd: fields.optionalInteger('masterFd'),
    inputMasterFd: fields.optionalInteger('inputMasterFd'),
    size: size === undefined ? undefined : { columns: size.integer('columns'), rows: size.integer('rows') },
    isStdinClosed: fields.boolean('isStdinClosed'),
    inputPump: pumpOf(fields.optionalObject('inputPump')),
    outputPump: pumpOf(fields.optionalObject('outputPump')),
    copies: fields.objects('copies').map(copyOf),
    logger: optionalLoggerOf(fields.optionalObject('logger')),
    silentFd: fields.optionalInteger('silentFd'),
  };
}

function copyOf(fields: Fields): CopyState {
  const direction = fields.string('direction');
  if (direction !== 'input' && direction !== 'output') return fields.fail('direction', `unknown direction ${JSON.stringify(direction)}`);
  return {
    direction,
    about: fields.string('about'),
    fifoFd: fields.integer('fifoFd'),
    stagedFd: fields.integer('stagedFd'),
    fileFd: fields.integer('fileFd'),
    noteFd: fields.integer('noteFd'),
    kept: keptStreamOf(fields.optionalObject('kept')),
  };
}

function endOf(fields: Fields): EndState {
  const kind = fields.string('kind');
  if (kind === 'null') return { kind };
  if (kind === 'fifo' || kind === 'oneWay') return { kind, fd: fields.integer('fd'), endFd: fields.optionalInteger('endFd') };
  return fields.fail('kind', `unknown kind ${JSON.stringify(kind)}`);
}

function pumpOf(fields: Fields | undefined): PumpState | undefined {
  if (fields === undefined) return undefined;
  return {
    hasEnded: fields.boolean('hasEnded'),
    copiedBytes: fields.integer('copiedBytes', 0, Number.MAX_SAFE_INTEGER),
    pending: fields.optionalString('pending'),
  };
}

function lingererOf(fields: Fields): LingererState {
  const kind = fields.string('kind');
  if (kind === 'unread') return { kind, fd: fields.integer('fd') };
  if (kind === 'copy') return { kind, ...copyOf(fields) };
  return kind === 'terminal' ? { ...terminalOf(fields), about: fields.string('about'), dir: fields.string('dir') } : fields.fail('kind', `unknown kind ${JSON.stringify(kind)}`);
}
