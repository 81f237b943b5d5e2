import { resolve } from 'node:path';
import { parseDuration } from '../runtime/text/duration';
import { isLoopback } from '../sys/sockets/internet-address';

// Each function turns the text of one setting into its value, or throws a RangeError that says what
// is wrong. Which flag or key it was, and the text itself, are added by the caller.

/** Where to listen or connect. An empty host, listening, means every address of the machine. */
export interface HostPort {
  readonly host: string;
  /** 0 to 65535; 0, listening, lets the kernel choose. */
  readonly port: number;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal', 'panic'] as const;
/** The names that the original's log library has. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Node's timers count in 31 bits, and fire at once when asked for more (about 24.8 days). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** sun_path of unix(7) has 108 bytes, the last of which is a NUL. */
const LONGEST_SOCKET_PATH = 107;

/** As Go's strconv.ParseBool: what `--debug=…` took in the original. */
export function booleanValue(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new RangeError('expected true or false');
}

/** @returns milliseconds that a Node timer can wait */
export function intervalValue(text: string): number {
  const ms = parseDuration(text);
  if (ms > LONGEST_TIMER_MS) throw new RangeError('the duration is too long, at most 596h (24 days)');
  return ms;
}

export function countValue(text: string): number {
  const count = /^\+?\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(count)) throw new RangeError('expected a whole number, 0 or more');
  return count;
}

/** Takes either case, and `warning` for `warn`, as the original does. */
export function logLevelValue(text: string): LogLevel {
  const name = text.toLowerCase().replace(/^warning$/, 'warn');
  return oneOf(LOG_LEVELS)(name);
}

export function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found === undefined) throw new RangeError(`expected one of ${names.join(', ')}`);
    return found;
  };
}

export function requiredValue(text: string): string {
  if (text === '') throw new RangeError('must not be empty');
  return text;
}

/** @returns an absolute path, from the working directory where the text is relative */
export function pathValue(text: string): string {
  return resolve(requiredValue(text));
}

/** @returns the paths of the sockets that addresses name, as they are to be bound; at least one, each once */
export function socketPathValues(texts: readonly string[]): readonly string[] {
  if (texts.length === 0) throw new RangeError('at least one address is needed');
  return [...new Set(texts.map(socketPathValue))];
}

/** `unix://` and a path; or, as Docker 1.11 gives it, a path alone. Either may be relative to the working directory. */
function socketPathValue(text: string): string {
  const [, scheme, address = ''] = /^([a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [undefined, 'unix', text];
  if (scheme.toLowerCase() !== 'unix') {
    // The original listens on tcp:// as well, without any authentication: root for the network.
    throw new RangeError(
      `only unix:// is served, for ${scheme}:// would give root on this machine to whoever reaches it`,
    );
  }
  // Somebody means a port of the network: a socket file of that name would help nobody.
  if (/^[^/]*:\d*$/.test(text)) throw new RangeError('expected unix:///path/of/the.sock, or the path alone');
  if (address === '') throw new RangeError('the path is missing, expected unix:///path/of/the.sock');
  const [path] = [resolve(address), address].filter((name) => Buffer.byteLength(name) <= LONGEST_SOCKET_PATH);
  // What is given has to fit, as with the original, which binds just that: the absolute form of a relative path may be longer.
  if (path === undefined) throw new RangeError(`the path of a unix socket has at most ${LONGEST_SOCKET_PATH} bytes`);
  return path;
}

/** Takes `host:port`, `[ipv6]:port` and, as Go does, `:port`. */
export function hostPortValue(text: string): HostPort {
  const [, bracketed, plain = '', digits] = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]/\s]*)):(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535) throw new RangeError('expected host:port');
  return { host: bracketed ?? plain, port };
}

/** A server elsewhere: neither the host nor the port can be left open. */
export function serverValue(text: string): HostPort {
  const address = hostPortValue(text);
  if (address.host === '' || address.port === 0) throw new RangeError('expected host:port');
  return address;
}

/** An address that only this machine reaches. `localhost` becomes 127.0.0.1: a name can be made to lie. */
export function loopbackValue(text: string): HostPort {
  const { host, port } = hostPortValue(text);
  const address = host === 'localhost' ? '127.0.0.1' : host;
  if (!isLoopback(address)) {
    throw new RangeError('only a loopback address (127.0.0.1, [::1]): whoever reaches it runs code as root');
  }
  return { host: address, port };
}

/** Empty means not set, as with the original's flags. */
export function optional<T>(parse: (text: string) => T): (text: string) => T | undefined {
  return (text) => (text === '' ? undefined : parse(text));
}
