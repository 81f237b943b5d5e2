import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { parseBind } from '../../runtime/bundle/bind-mount';
import { type Network, type PortMapping, parseNetwork, parsePort } from '../../runtime/bundle/network';
import { parseDuration } from '../../runtime/text/duration';
import { imageNameOf } from '../../runtime/text/image-name';
import { signalName, signalNumber } from '../../runtime/text/signals';
import { parseSize } from '../../runtime/text/size';
import { splitWords } from '../../runtime/text/words';
import type { OutputTarget } from './definition';

/** What a value is read to; a `problem` says what it should be, for after "KEY: ". */
export type Read<T> = { readonly value: T } | { readonly problem: string };

/** unix(7). */
const longestSocketPath = 107;
const longestMs = 2 ** 31 * 1000;

/** Milliseconds: of a number of seconds, or of Go's texts. */
export function readDuration(value: unknown): Read<number> {
  if (typeof value === 'number') {
    return value >= 0 && value * 1000 <= longestMs ? { value: value * 1000 } : { problem: `expected seconds, 0 or more, not ${String(value)}` };
  }
  if (typeof value !== 'string') return { problem: 'expected seconds, or a duration such as "1m30s"' };
  try {
    return { value: parseDuration(value) };
  } catch (error) {
    return { problem: `${JSON.stringify(value)}: ${error instanceof RangeError ? error.message : String(error)}` };
  }
}

/** Bytes. */
export function readSize(value: unknown): Read<number> {
  const bytes = typeof value === 'string' ? parseSize(value) : value;
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0 ? { value: bytes } : { problem: 'expected a size such as "64m" or "1.5g"' };
}

/** Words: an array, or a text that is split as a shell splits it. */
export function readWords(value: unknown): Read<readonly string[]> {
  if (Array.isArray(value) && value.length > 0 && value.every(isText) && value[0] !== '') return { value };
  if (typeof value === 'string' && isText(value)) {
    const words = splitWords(value);
    if (words === undefined) return { problem: 'a quote is not closed' };
    if (words.length > 0 && words[0] !== '') return { value: words };
  }
  return { problem: 'expected a command: an array of words, or a string' };
}

/** The number of a signal, by name or number. */
export function readSignal(value: unknown): Read<number> {
  const number = typeof value === 'string' || typeof value === 'number' ? signalNumber(String(value)) : undefined;
  return number === undefined ? { problem: `${JSON.stringify(value)} is no signal; expected one such as "TERM"` } : { value: number };
}

export function readAbsolutePath(value: unknown): Read<string> {
  if (typeof value !== 'string' || !isText(value)) return { problem: 'expected a path' };
  return isAbsolute(value) || value.startsWith('${here}/') ? { value } : { problem: `expected an absolute path (or \${here}/…), not ${JSON.stringify(value)}` };
}

/** Its whole name. */
export function readImage(value: unknown): Read<string> {
  const name = typeof value === 'string' ? imageNameOf(value) : undefined;
  return name === undefined ? { problem: `expected the name of an image such as "busybox:1.36", not ${JSON.stringify(value)}` } : { value: name.full };
}

export function readNetwork(value: unknown): Read<Network> {
  const network = typeof value === 'string' ? parseNetwork(value) : undefined;
  return network === undefined ? { problem: `expected "host", "none", "cni" or "cni:NAME", not ${JSON.stringify(value)}` } : { value: network };
}

/** A text, or several. */
export function readPorts(value: unknown): Read<readonly PortMapping[]> {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const ports = texts.flatMap((text) => (typeof text === 'string' ? (parsePort(text) ?? []) : []));
  return ports.length === texts.length ? { value: ports } : { problem: 'expected ports such as "8080:80", "127.0.0.1:8080:80" or "53:53/udp"' };
}

/** As docker's -v; a source is absolute. */
export function readVolumes(value: unknown): Read<readonly string[]> {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const text of texts) {
    const bind = isText(text) ? parseBind(text.replaceAll(/\$\{[^}]*\}/g, '/_')) : { problem: 'expected volumes such as "/srv/data:/data:ro"' };
    if ('problem' in bind) return { problem: `${JSON.stringify(text)}: ${bind.problem}` };
    if (!isAbsolute(bind.source)) return { problem: `${JSON.stringify(text)}: the path of this host has to be absolute` };
  }
  return { value: texts.filter(isText) };
}

export function readOutputTarget(value: unknown): Read<OutputTarget> {
  if (value === 'keep' || value === 'null' || value === 'inherit') return { value: { is: value } };
  const path = readAbsolutePath(value);
  return 'value' in path ? { value: { is: 'file', path: path.value } } : { problem: 'expected "keep", "null", "inherit" or an absolute path' };
}

/** A host and a port: `127.0.0.1:80`, `[::1]:80`, `:80`. Undefined for what is none. */
export function parseHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  return match === null || port > 65_535 ? undefined : { host: match[1] ?? match[2] ?? '', port };
}

/** Where a socket is to be; undefined for what says nothing of that. Hosts are addresses, or none for any: no name is looked up. */
export function parseListenAddress(text: string): { readonly is: 'tcp' | 'udp'; readonly host: string; readonly port: number } | { readonly is: 'unix'; readonly path: string } | undefined {
  const [, path] = /^unix:\/\/(\/[^\0]+)$/.exec(text) ?? [];
  if (path !== undefined) return Buffer.byteLength(path) > longestSocketPath ? undefined : { is: 'unix', path };
  const [, kind, rest = ''] = /^(tcp|udp):\/\/(.*)$/.exec(text) ?? [];
  const at = parseHostPort(rest);
  if (at === undefined || at.port === 0 || (at.host !== '' && isIP(at.host) === 0)) return undefined;
  return { is: kind === 'tcp' ? 'tcp' : 'udp', ...at };
}

/** Octal digits, as a text (`"022"`) or as TOML's `0o022`. */
export function readOctal(value: unknown): Read<number> {
  const number = typeof value === 'string' && /^[0-7]{1,4}$/.test(value) ? parseInt(value, 8) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 0o777
    ? { value: number }
    : { problem: 'expected octal digits such as "022", or 0o022' };
}

/** Neither a path nor an argument can hold a NUL. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

/** `10` for whole seconds, else `"500ms"`: what `readDuration` reads. */
export function durationValue(ms: number): number | string {
  return Number.isInteger(ms / 1000) ? ms / 1000 : `${String(ms)}ms`;
}

/** `"64m"` where that is exact, else bytes. */
export function sizeValue(bytes: number): number | string {
  for (const [at, unit] of ['g', 'm', 'k'].entries()) {
    const factor = 1024 ** (3 - at);
    if (bytes >= factor && bytes % factor === 0) return `${String(bytes / factor)}${unit}`;
  }
  return bytes;
}

/** `"TERM"`, or the number of one without a name. */
export function signalValue(signal: number): string {
  return signalName(signal)?.replace(/^SIG/, '') ?? String(signal);
}
