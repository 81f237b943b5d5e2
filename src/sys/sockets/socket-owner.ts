import { readFile, readdir, readlink } from 'node:fs/promises';
import type { ListenPlace } from './listening-socket';

const LISTENING = '0A';

/** Who listens there, as `name (pid n)`, as far as /proc tells; undefined where it does not. Looks at every process of the host. */
export async function ownerOfPlace(place: ListenPlace): Promise<string | undefined> {
  const inodes = await inodesAt(place);
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (await hasSocket(pid, inodes)) return `${(await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '?')).trim()} (pid ${pid})`;
  }
  return undefined;
}

/** Of the sockets that stand in the way: any address is in that of each. proc_net(5). */
async function inodesAt(place: ListenPlace): Promise<ReadonlySet<string>> {
  const lines = async (name: string): Promise<readonly (readonly string[])[]> =>
    (await readFile(`/proc/net/${name}`, 'utf8').catch(() => '')).split('\n').slice(1).map((line) => line.trim().split(/\s+/));
  if (place.is === 'unix') return new Set((await lines('unix')).filter(([, , , , , , , path]) => path === place.path).map(([, , , , , , inode = '']) => inode));
  const port = place.port.toString(16).toUpperCase().padStart(4, '0');
  const tables = [place.is, `${place.is}6`];
  const found = (await Promise.all(tables.map(lines))).flat()
    .filter(([, local = '', , state]) => local.endsWith(`:${port}`) && (place.is === 'udp' || state === LISTENING));
  return new Set(found.map((fields) => fields[9] ?? ''));
}

async function hasSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  try {
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      const [, inode = ''] = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')) ?? [];
      if (inodes.has(inode)) return true;
    }
  } catch {
    // It has ended meanwhile.
  }
  return false;
}
