import { RuntimeError } from './errors';
import { Fields } from './fields';
import { HOST_RUNTIME, isHostRuntime } from './host/host-name';
import type { Said } from './notice';

/** Version of what daemon and shim say to each other; a change that an older side cannot read raises it. Since 2 there is `upgrade`, since 3 `hold`. */
export const SHIM_PROTOCOL = 3;
/** The oldest version that is still spoken: both sides agree on the newest that both speak. */
export const OLDEST_SHIM_PROTOCOL = 1;

/** Which process, and how the runtime is called for it. All else stands in `dir`'s process.json. */
export interface ShimProcess {
  /** The process's directory, absolute. */
  readonly dir: string;
  /** As the runtime knows it. */
  readonly id: string;
  /**
   * The container's namespace; absent for the legacy API's. Where it is there, the process is kept after its end, until it is deleted: the shim
   * lets go of the exit FIFO as soon as its status is on disk, and goes on with the steps of its end.
   */
  readonly namespace?: string | undefined;
  readonly processId: string;
  /** The bundle directory that the runtime is given. */
  readonly bundle: string;
  /** The runtime's program, an absolute path; or the runtime of host programs (src/runtime/host), which has none. */
  readonly runtime: string;
  /** Whether the container has a pid namespace of its own, so that all of it ends with its init process. */
  readonly ownPidNamespace: boolean;
}

/** The fields of each request beside `seq` and `verb`. */
export interface ShimArguments {
  /** The first request of a connection. */
  readonly hello: {
    /** The oldest that the daemon speaks. Shims of the first protocol look at this number alone. */
    readonly protocol: number;
    /** The newest that it speaks. Absent: the same. */
    readonly newestProtocol?: number | undefined;
    readonly version: string;
    /** Whether runtimes may be run from copies in memory, from now on. Absent: not. */
    readonly copyRuntimes?: boolean | undefined;
  };
  /** Run a process. Answered once the runtime has made it (or failed). */
  readonly take: ShimProcess;
  /** Undo a `take` under way, whose own answer is then the error `aborted`. */
  readonly abort: { readonly dir: string };
  /** Go on with a running process whose shim has died. */
  readonly adopt: ShimProcess & {
    readonly pid: number;
    readonly starttime: string;
    /** Who holds a descriptor of the terminal's master, to be duplicated (pidfd_getfd). */
    readonly terminal?: HeldDescriptor | undefined;
    /**
     * Who holds a pidfd of the process: also of one that has ended since, whose status the kernel then
     * tells to no other pidfd.
     */
    readonly process?: HeldDescriptor | undefined;
    /** Who holds the write ends of its pipes. */
    readonly pipes?: { readonly [P in PipeName]?: HeldDescriptor | undefined } | undefined;
  };
  /** Answered once a process's stdin, which was closed by its client's call, has come to its end: until then it is to be held. */
  readonly untilInputEnds: { readonly dir: string };
  readonly list: object;
  readonly ping: object;
  /** Hold duplicates of descriptors of the daemon's under a name, in the place of those that are held so, and for whoever asks for them. */
  readonly hold: {
    readonly name: string;
    readonly note: string;
    readonly holderPid: number;
    readonly fds: readonly number[];
    /** They are sockets of sd_notify(3): while no daemon is connected, what comes is heard here, so that no sender waits. Absent: not. */
    readonly hears?: boolean | undefined;
  };
  /** Close what is held under a name. */
  readonly release: { readonly name: string };
  readonly held: object;
  /**
   * Go on as another program, which takes up all that this one has: same process, same children, same descriptors, same connections.
   * Answered by the new program; by the old one, with an error, where it goes on.
   */
  readonly upgrade: {
    /** The program and its first arguments, to which the shim adds its own. */
    readonly command: readonly string[];
  };
}

/** A descriptor of another process, to be duplicated (pidfd_getfd(2)). */
export interface HeldDescriptor {
  readonly holderPid: number;
  readonly fd: number;
}

/** Which of a process's streams may go through a pipe that the shim has the write end of: its input, and a terminal's output on its way to a logger. */
export type PipeName = 'stdin' | 'stdout';

/** A pipe's write end in the shim; its inode tells whoever duplicates the descriptor whether it is still the same. */
export interface PipeEnd {
  readonly fd: number;
  readonly inode: number;
}

export type PipeEnds = { readonly [P in PipeName]?: PipeEnd | undefined };

/** What the shim has of a process that the daemon is to hold, too. */
export interface Holdable {
  readonly terminalFd?: number | undefined;
  readonly pipes?: PipeEnds | undefined;
}

/** What each request is answered with. `terminalFd` is a descriptor's number in the shim. */
export interface ShimResults {
  /** `protocol`: what both speak from now on. */
  readonly hello: { readonly protocol: number; readonly version: string; readonly pid: number };
  readonly take: { readonly pid: number } & Holdable;
  readonly abort: object;
  readonly adopt: Holdable;
  readonly untilInputEnds: object;
  /** `unread`: absent in what older shims answer. */
  readonly list: { readonly processes: readonly ShimListing[]; readonly unread?: readonly UnreadFifo[] | undefined };
  readonly ping: object;
  readonly hold: object;
  readonly release: object;
  readonly held: { readonly sets: readonly HeldSet[] };
  readonly upgrade: { readonly version: string };
}

/** Descriptors that a shim holds under a name, by their numbers in it. `note`: what whoever had them held says of them. */
export interface HeldSet {
  readonly name: string;
  readonly note: string;
  readonly fds: readonly number[];
  /** What was heard while no daemon was there. */
  readonly said?: Said | undefined;
}

export interface ShimListing extends Holdable {
  readonly dir: string;
  readonly pid: number;
}

/** A FIFO with output of an ended process that nobody has read yet, by its descriptor in the shim. */
export interface UnreadFifo {
  readonly fd: number;
  /** See fileOf: the number may be another file's by the time that it is duplicated. */
  readonly file: string;
}

export type ShimVerb = keyof ShimArguments;

/** Distributes: `ShimRequest<'take' | 'abort'>` is a union that `verb` tells apart. */
export type ShimRequest<V extends ShimVerb = ShimVerb> = {
  [P in V]: { readonly seq: number; readonly verb: P } & ShimArguments[P];
}[V];

export type ShimErrorCode = 'runtime-failed' | 'shim-error' | 'aborted' | 'runtime-not-installed' | 'bad-request';
const ERROR_CODES: readonly ShimErrorCode[] = [
  'runtime-failed', 'shim-error', 'aborted', 'runtime-not-installed', 'bad-request',
];

/** An answer as it arrives: what `ok` holds depends on the request that had this `seq` (decodeShimResult). */
export type ShimAnswer =
  | { readonly seq: number; readonly ok: object }
  | { readonly seq: number; readonly error: { readonly code: ShimErrorCode; readonly message: string } };

const SOURCE = 'shim protocol';

/** @returns the message's line, its end included */
export function encodeShimMessage(message: ShimRequest | ShimAnswer): string {
  return `${JSON.stringify(message)}\n`;
}

/** @throws RuntimeError `bad-message`, naming the member */
export function decodeShimRequest(line: string): ShimRequest {
  const fields = parseLine(line);
  const seq = seqOf(fields);
  const verb = fields.string('verb');
  if (!isVerb(verb)) return fields.fail('verb', `unknown verb ${JSON.stringify(verb)}`);
  return requestOf(seq, verb, fields);
}

/** @throws RuntimeError `bad-message`, naming the member */
export function decodeShimAnswer(line: string): ShimAnswer {
  const fields = parseLine(line);
  const seq = seqOf(fields);
  if (fields.isAbsent('error')) return { seq, ok: fields.object('ok').values };
  const error = fields.object('error');
  const name = error.string('code');
  const code = ERROR_CODES.find((known) => known === name);
  if (code === undefined) return error.fail('code', `unknown code ${JSON.stringify(name)}`);
  return { seq, error: { code, message: error.string('message') } };
}

/**
 * Checks the `ok` of an answer against the verb that was asked.
 * @throws RuntimeError `bad-message`, naming the member
 */
export function decodeShimResult<V extends ShimVerb>(verb: V, ok: object): ShimResults[V] {
  return RESULTS[verb](Fields.of(ok, SOURCE, 'bad-message', verb));
}

const RESULTS: { readonly [V in ShimVerb]: (fields: Fields) => ShimResults[V] } = {
  hello: (fields) => ({
    protocol: fields.integer('protocol'),
    version: fields.string('version'),
    pid: fields.integer('pid', 1),
  }),
  take: (fields) => ({ pid: fields.integer('pid', 1), ...holdableOf(fields) }),
  abort: () => ({}),
  adopt: holdableOf,
  untilInputEnds: () => ({}),
  list: (fields) => ({
    processes: fields.objects('processes').map((process) => ({
      dir: process.absolutePath('dir'),
      pid: process.integer('pid'),
      ...holdableOf(process),
    })),
    ...unreadOf(fields),
  }),
  ping: () => ({}),
  hold: () => ({}),
  release: () => ({}),
  held: (fields) => ({ sets: fields.objects('sets').map(heldSetOf) }),
  upgrade: (fields) => ({ version: fields.string('version') }),
};

function requestOf(seq: number, verb: ShimVerb, fields: Fields): ShimRequest {
  switch (verb) {
    case 'hello':
      return {
        seq, verb, protocol: fields.integer('protocol'), version: fields.string('version'),
        newestProtocol: fields.optionalInteger('newestProtocol'), copyRuntimes: fields.optionalBoolean('copyRuntimes'),
      };
    case 'take':
      return { seq, verb, ...processOf(fields) };
    case 'abort':
      return { seq, verb, dir: fields.absolutePath('dir') };
    case 'adopt':
      return {
        seq, verb, ...processOf(fields), pid: fields.integer('pid', 1), starttime: starttimeOf(fields),
        ...heldOf('terminal', fields), ...heldOf('process', fields), ...heldPipesOf(fields),
      };
    case 'untilInputEnds':
      return { seq, verb, dir: fields.absolutePath('dir') };
    case 'list':
    case 'ping':
      return { seq, verb };
    case 'hold':
      return { seq, verb, holderPid: fields.integer('holderPid', 1), hears: fields.optionalBoolean('hears'), ...heldSetOf(fields) };
    case 'release':
      return { seq, verb, name: fields.string('name') };
    case 'held':
      return { seq, verb };
    case 'upgrade':
      return { seq, verb, command: fields.strings('command') };
  }
}

/** @throws RuntimeError `bad-message`, naming the member */
export function heldSetOf(fields: Fields): HeldSet {
  const said = fields.optionalObject('said');
  return {
    name: fields.string('name'),
    note: fields.string('note'),
    fds: fields.integers('fds'),
    ...(said === undefined ? {} : { said: { isReady: said.boolean('isReady'), aliveMs: said.optionalInteger('aliveMs', 0, Number.MAX_SAFE_INTEGER) } }),
  };
}

/** Which process, as in a request. @throws RuntimeError `bad-message`, naming the member */
export function processOf(fields: Fields): ShimProcess {
  return {
    dir: fields.absolutePath('dir'),
    id: fields.string('id'),
    ...namespaceOf(fields),
    processId: fields.string('processId'),
    bundle: fields.absolutePath('bundle'),
    runtime: isHostRuntime(fields.string('runtime')) ? HOST_RUNTIME : fields.absolutePath('runtime'),
    ownPidNamespace: fields.boolean('ownPidNamespace'),
  };
}

function namespaceOf(fields: Fields): { namespace?: string } {
  const namespace = fields.optionalString('namespace');
  return namespace === undefined ? {} : { namespace };
}

function starttimeOf(fields: Fields): string {
  const starttime = fields.string('starttime');
  return /^\d{1,20}$/.test(starttime) ? starttime : fields.fail('starttime', 'not a decimal number');
}

function heldOf<K extends 'terminal' | 'process' | PipeName>(name: K, fields: Fields): { [P in K]?: HeldDescriptor } {
  const held = fields.optionalObject(name);
  if (held === undefined) return {};
  return { [name]: { holderPid: held.integer('holderPid', 1), fd: held.integer('fd') } } as { [P in K]: HeldDescriptor };
}

function heldPipesOf(fields: Fields): { pipes?: { readonly [P in PipeName]?: HeldDescriptor } } {
  const pipes = fields.optionalObject('pipes');
  return pipes === undefined ? {} : { pipes: { ...heldOf('stdin', pipes), ...heldOf('stdout', pipes) } };
}

function holdableOf(fields: Fields): Holdable {
  const terminalFd = fields.optionalInteger('terminalFd');
  const pipes = fields.optionalObject('pipes');
  return {
    ...(terminalFd === undefined ? {} : { terminalFd }),
    ...(pipes === undefined ? {} : { pipes: { ...pipeEndOf('stdin', pipes), ...pipeEndOf('stdout', pipes) } }),
  };
}

function pipeEndOf<K extends PipeName>(name: K, fields: Fields): { [P in K]?: PipeEnd } {
  const end = fields.optionalObject(name);
  if (end === undefined) return {};
  return { [name]: { fd: end.integer('fd'), inode: end.integer('inode', 1, Number.MAX_SAFE_INTEGER) } } as { [P in K]: PipeEnd };
}

function unreadOf(fields: Fields): { unread?: readonly UnreadFifo[] } {
  if (fields.isAbsent('unread')) return {};
  return { unread: fields.objects('unread').map((fifo) => ({ fd: fifo.integer('fd'), file: fifo.string('file') })) };
}

function seqOf(fields: Fields): number {
  return fields.integer('seq', 0, Number.MAX_SAFE_INTEGER);
}

function isVerb(verb: string): verb is ShimVerb {
  return Object.hasOwn(RESULTS, verb);
}

function parseLine(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new RuntimeError('bad-message', `${SOURCE}: not valid JSON`, { cause: error });
  }
  return Fields.of(value, SOURCE, 'bad-message');
}
