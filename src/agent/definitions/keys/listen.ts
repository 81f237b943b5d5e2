import type { ListenSocket, Settings } from '../definition';
import { type TableReader, kindOf } from '../table-reader';
import { parseListenAddress, readOctal } from '../values';
import { readNameOrNumber } from './what';

/** sd_listen_fds(3) knows no bound; a shell that starts a program does. */
const mostSockets = 64;

/** Sockets by their names: an address, or `{ address = "unix:///run/x", mode = "0660", user = "www", group = "www" }`. */
export function readListen(table: TableReader): Settings['listen'] {
  const listen = table.inner('listen');
  if (listen === undefined) return [];
  const sockets = Object.keys(listen.table).flatMap((name): readonly ListenSocket[] => {
    // The names of LISTEN_FDNAMES have colons between them: sd_listen_fds(3).
    if (name === '' || /[:\0-\x20\x7f]/.test(name)) listen.complain('bad-value', name, `${table.name}: listen: ${JSON.stringify(name)} is no name of a socket`);
    const isPlain = typeof listen.table[name] === 'string';
    const inner = isPlain ? undefined : listen.inner(name);
    const address = isPlain ? readAddress(listen, name) : inner && readAddress(inner, 'address');
    const socket = { name, mode: inner?.read('mode', readOctal), user: inner && readNameOrNumber(inner, 'user'), group: inner && readNameOrNumber(inner, 'group') };
    if (inner?.has('address') === false) inner.complain('contradiction', undefined, `${inner.name}: address is missing`);
    const ofFiles = ['mode', 'user', 'group'].find((key) => inner?.has(key));
    if (ofFiles !== undefined && address?.startsWith('unix:') === false) inner?.complain('contradiction', ofFiles, `${inner.name}: ${ofFiles} is for unix sockets`);
    inner?.end();
    return address === undefined ? [] : [{ ...socket, address }];
  });
  if (sockets.length > mostSockets) table.complain('bad-value', 'listen', `${table.name}: listen: more than ${String(mostSockets)} sockets`);
  listen.end();
  return sockets;
}

function readAddress(table: TableReader, key: string): string | undefined {
  return table.read(key, (value) => (typeof value === 'string' && isAddress(value)
    ? { value }
    : { problem: `expected tcp://address:port, udp://address:port or unix:///path, not ${kindOf(value)}` }));
}

/** One with a reference is looked at for each process. */
function isAddress(text: string): boolean {
  return (/^(?:tcp|udp|unix):\/\//.test(text) && text.includes('${')) || parseListenAddress(text) !== undefined;
}
