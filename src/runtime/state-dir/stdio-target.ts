import { isAbsolute } from 'node:path';
import { RuntimeError } from '../errors';
import type { ProcessRecord } from './process-file';

/**
 * Where one of a process's streams goes.
 * - `null`: the null device.
 * - `path`: a FIFO of the client's, or a file or device that is there.
 * - `file`: a file that is made, with its directories, where it is not there: of the containerd API (`file://`, both outputs in one), or of the agent
 *   (`create://`, each output for itself).
 * - `held`: a descriptor that the shim holds under a name (`held:///NAME/INDEX`): what the daemon itself writes to, of the agent.
 * - `logger`: a program that reads both outputs (`binary://`); that API's too.
 */
export type StdioTarget =
  | { readonly kind: 'null' }
  | { readonly kind: 'path' | 'file'; readonly path: string }
  | { readonly kind: 'held'; readonly set: string; readonly index: number }
  | { readonly kind: 'logger'; readonly path: string; readonly args: readonly string[] };

export interface StdioTargets {
  readonly stdin: StdioTarget;
  readonly stdout: StdioTarget;
  readonly stderr: StdioTarget;
}

const NONE: StdioTarget = { kind: 'null' };

/** What stands in a record; a path of the legacy API has no scheme, as it begins with a slash. */
export type StdioNames = Pick<ProcessRecord, 'stdin' | 'stdout' | 'stderr'>;

/**
 * Reads the URIs of a process's stdio. A file or a logger is stdout's to name, and then it is stderr's too, whatever that one says: so the
 * original has it. A terminal has no stderr.
 * @throws RuntimeError `bad-message`, naming the stream, for what none of them can be
 */
export function stdioTargets(names: StdioNames, terminal: boolean): StdioTargets {
  const stdin = targetOf('stdin', names.stdin);
  if (stdin.kind === 'file' || stdin.kind === 'logger' || stdin.kind === 'held') throw unusable('stdin', names.stdin, 'must be a FIFO');
  const stdout = targetOf('stdout', names.stdout);
  if (terminal) return { stdin, stdout, stderr: NONE };
  if (/^file:/i.test(names.stdout) || stdout.kind === 'logger') return { stdin, stdout, stderr: stdout };
  const stderr = targetOf('stderr', names.stderr);
  if (stderr.kind === 'logger') throw unusable('stderr', names.stderr, 'is read by a program only together with stdout');
  return { stdin, stdout, stderr };
}

function targetOf(stream: string, name: string): StdioTarget {
  if (name === '') return NONE;
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(name) ?? [];
  switch (scheme) {
    case undefined:
      return { kind: 'path', path: usable(stream, name, name) };
    case 'fifo':
      return { kind: 'path', path: usable(stream, name, rest) };
    case 'file':
    case 'create':
      return { kind: 'file', path: usable(stream, name, pathOf(stream, name)) };
    case 'held':
      return heldOf(stream, name);
    case 'binary':
      return { kind: 'logger', path: usable(stream, name, pathOf(stream, name)), args: argsOf(rest) };
    default:
      throw new RuntimeError('bad-message', `unknown STDIO scheme ${scheme}`);
  }
}

/** The URI of a file that is made where it is not there, for one output alone. */
export function createdFile(path: string): string {
  return `create://${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** The URI of a descriptor that the shim holds. */
export function heldDescriptor(set: string, index: number): string {
  return `held:///${encodeURIComponent(set)}/${String(index)}`;
}

function heldOf(stream: string, name: string): StdioTarget {
  const [, set, index] = /^\/(.+)\/(\d{1,3})$/.exec(pathOf(stream, name)) ?? [];
  if (set === undefined) throw unusable(stream, name, 'names no descriptor');
  return { kind: 'held', set, index: Number(index) };
}

function usable(stream: string, name: string, path: string): string {
  if (!isAbsolute(path)) throw unusable(stream, name, 'must be an absolute path');
  if (path.includes('\0')) throw unusable(stream, name, 'holds a NUL byte');
  return path;
}

/** What comes before query and fragment, its escapes undone. */
function pathOf(stream: string, name: string): string {
  const [path = ''] = name.slice(name.indexOf('://') + 3).split(/[?#]/, 1);
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw unusable(stream, name, 'holds an escape that means nothing', cause);
  }
}

/** `?key=value&…` as arguments: each key and its first value, which may be empty. */
function argsOf(rest: string): string[] {
  const query = /^[^?#]*\?([^#]*)/.exec(rest)?.[1] ?? '';
  const parameters = new URLSearchParams(query);
  return [...new Set(parameters.keys())].flatMap((key) => [key, parameters.get(key) ?? '']);
}

function unusable(stream: string, name: string, why: string, cause?: unknown): RuntimeError {
  return new RuntimeError('bad-message', `${stream} ${why}: ${JSON.stringify(name)}`, { cause });
}
