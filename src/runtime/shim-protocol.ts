import { RuntimeError } from './errors';
import { Fields } from './fields';

/** Version of what daemon and shim say to each other; a change that an older side cannot read raises it. */
export const SHIM_PROTOCOL = 1;

/** Which process, and how the runtime is called for it. All else stands in `dir`'s process.json. */
export interface ShimProcess {
  /** The process's directory, absolute. */
  readonly dir: string;
  readonly id: string;
  readonly processId: string;
  /** The bundle directory that the runtime is given. */
  readonly bundle: string;
  /** The runtime's program, an absolute path. */
  readonly runtime: string;
  /** Whether the container has a pid namespace of its own, so that all of it ends with its init process. */
  readonly ownPidNamespace: boolean;
}

/** The fields of each request beside `seq` and `verb`. */
export interface ShimArguments {
  /** The first request of a connection. */
  readonly hello: {
    readonly protocol: number;
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
  };
  readonly list: object;
  readonly ping: object;
}

/** A descriptor of another process, to be duplicated (pidfd_getfd(2)). */
export interface HeldDescriptor {
  readonly holderPid: number;
  readonly fd: number;
}

/** What each request is answered with. `terminalFd` is a descriptor's number in the shim. */
export interface ShimResults {
  readonly hello: { readonly protocol: number; readonly version: string; readonly pid: number };
  readonly take: { readonly pid: number; readonly terminalFd?: number | undefined };
  readonly abort: object;
  readonly adopt: { readonly terminalFd?: number | undefined };
  readonly list: { readonly processes: readonly ShimListing[] };
  readonly ping: object;
}

export interface ShimListing {
  readonly dir: string;
  readonly pid: number;
  readonly terminalFd?: number | undefined;
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
  take: (fields) => ({ pid: fields.integer('pid', 1), ...terminalOf(fields) }),
  abort: () => ({}),
  adopt: terminalOf,
  list: (fields) => ({
    processes: fields.objects('processes').map((process) => ({
      dir: process.absolutePath('dir'),
      pid: process.integer('pid'),
      ...terminalOf(process),
    })),
  }),
  ping: () => ({}),
};

function requestOf(seq: number, verb: ShimVerb, fields: Fields): ShimRequest {
  switch (verb) {
    case 'hello':
      return {
        seq, verb, protocol: fields.integer('protocol'), version: fields.string('version'),
        copyRuntimes: fields.optionalBoolean('copyRuntimes'),
      };
    case 'take':
      return { seq, verb, ...processOf(fields) };
    case 'abort':
      return { seq, verb, dir: fields.absolutePath('dir') };
    case 'adopt':
      return {
        seq, verb, ...processOf(fields), pid: fields.integer('pid', 1), starttime: starttimeOf(fields),
        ...heldOf('terminal', fields), ...heldOf('process', fields),
      };
    case 'list':
    case 'ping':
      return { seq, verb };
  }
}

function processOf(fields: Fields): ShimProcess {
  return {
    dir: fields.absolutePath('dir'),
    id: fields.string('id'),
    processId: fields.string('processId'),
    bundle: fields.absolutePath('bundle'),
    runtime: fields.absolutePath('runtime'),
    ownPidNamespace: fields.boolean('ownPidNamespace'),
  };
}

function starttimeOf(fields: Fields): string {
  const starttime = fields.string('starttime');
  return /^\d{1,20}$/.test(starttime) ? starttime : fields.fail('starttime', 'not a decimal number');
}

function heldOf<K extends 'terminal' | 'process'>(name: K, fields: Fields): { [P in K]?: HeldDescriptor } {
  const held = fields.optionalObject(name);
  if (held === undefined) return {};
  return { [name]: { holderPid: held.integer('holderPid', 1), fd: held.integer('fd') } } as { [P in K]: HeldDescriptor };
}

function terminalOf(fields: Fields): { terminalFd?: number } {
  const terminalFd = fields.optionalInteger('terminalFd');
  return terminalFd === undefined ? {} : { terminalFd };
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
