import { RuntimeError } from './errors';
import { Fields } from './fields';
import { HOST_RUNTIME, isHostRuntime } from './host/host-name';
import type { FifoEnd, FifoEnds, HeldDescriptor, HeldFifos, HeldSet, Holdable, PipeEnd, PipeName, ShimAnswer, ShimErrorCode, ShimProcess, ShimRequest, ShimResults, ShimVerb } from './shim-protocol';
import type { StreamName } from './state-dir/between';

const ERROR_CODES: readonly ShimErrorCode[] = [
  'runtime-failed', 'shim-error', 'aborted', 'runtime-not-installed', 'bad-request',
];

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
        ...heldOf('terminal', fields), ...heldOf('process', fields), ...heldPipesOf(fields), ...heldFifosOf(fields),
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

function heldFifosOf(fields: Fields): { fifos?: HeldFifos } {
  const fifos = fields.optionalObject('fifos');
  return fifos === undefined ? {} : { fifos: { ...heldFifoOf('stdin', fifos), ...heldFifoOf('stdout', fifos), ...heldFifoOf('stderr', fifos) } };
}

function heldFifoOf(name: StreamName, fields: Fields): HeldFifos {
  const held = fields.optionalObject(name);
  return held === undefined ? {} : { [name]: { holderPid: held.integer('holderPid', 1), ...fifoOf(held) } };
}

function holdableOf(fields: Fields): Holdable {
  const terminalFd = fields.optionalInteger('terminalFd');
  const pipes = fields.optionalObject('pipes');
  const fifos = fields.optionalObject('fifos');
  return {
    ...(fifos === undefined ? {} : { fifos: { ...fifoEndOf('stdin', fifos), ...fifoEndOf('stdout', fifos), ...fifoEndOf('stderr', fifos) } }),
    ...(terminalFd === undefined ? {} : { terminalFd }),
    ...(pipes === undefined ? {} : { pipes: { ...pipeEndOf('stdin', pipes), ...pipeEndOf('stdout', pipes) } }),
  };
}

function pipeEndOf<K extends PipeName>(name: K, fields: Fields): { [P in K]?: PipeEnd } {
  const end = fields.optionalObject(name);
  if (end === undefined) return {};
  return { [name]: { fd: end.integer('fd'), inode: end.integer('inode', 1, Number.MAX_SAFE_INTEGER) } } as { [P in K]: PipeEnd };
}

function unreadOf(fields: Fields): { unread?: readonly FifoEnd[] } {
  return fields.isAbsent('unread') ? {} : { unread: fields.objects('unread').map(fifoOf) };
}

function fifoEndOf(name: StreamName, fields: Fields): FifoEnds {
  const end = fields.optionalObject(name);
  return end === undefined ? {} : { [name]: fifoOf(end) };
}

function fifoOf(fields: Fields): FifoEnd {
  return { fd: fields.integer('fd'), file: fields.string('file') };
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
