import { readlinkSync } from 'node:fs';
import { KernelFiles } from './kernel-files';

/** Of if_inet6: an address that means something beyond one link. */
const globalScope = '00';

/**
 * The addresses of the network namespace that a process is in, where that is another one than ours: but for those of the loopback and of one link. From
 * /proc/<pid>/net/fib_trie, whose `host LOCAL` are its own addresses, and if_inet6 (proc_pid_net(5)). None of one that has ended, or of a kernel that does not tell.
 */
export function readAddresses(pid: number, procRoot = '/proc'): readonly string[] {
  try {
    const place = `${procRoot}/${String(pid)}`;
    if (readlinkSync(`${place}/ns/net`) === readlinkSync(`${procRoot}/self/ns/net`)) return [];
    const files = new KernelFiles();
    return [...parseFibTrie(files.text(`${place}/net/fib_trie`) ?? ''), ...parseIfInet6(files.text(`${place}/net/if_inet6`) ?? '')];
  } catch {
    return [];
  }
}

/** Each address stands twice: in the tables `Main` and `Local`, or in one that is both. */
export function parseFibTrie(text: string): readonly string[] {
  const found = [...text.matchAll(/\|-- ([0-9.]+)\n\s+\/32 host LOCAL/g)].map(([, address = '']) => address);
  return [...new Set(found)].filter((address) => !address.startsWith('127.'));
}

/** A line each: address, index, length of the prefix, scope, flags, name. */
export function parseIfInet6(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', , , scope, , name] = line.trim().split(/\s+/);
    return scope === globalScope && name !== 'lo' ? [shortened(address)] : [];
  });
}

/** As people write it: RFC 5952. */
function shortened(hex: string): string {
  return new URL(`http://[${hex.replaceAll(/(.{4})(?=.)/g, '$1:')}]`).hostname.slice(1, -1);
}
