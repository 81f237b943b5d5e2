import type { ListenSocket, ProcessDefinition } from '../definitions/definition';
import { parseListenAddress } from '../definitions/values';
import { LaunchError } from './errors';
import { type ReadText, accountOf } from './host-facts';
import type { PlannedSocket } from './listen-sockets';

const usualMode = 0o660;

/** Where the sockets of a definition are, and whose: of unix sockets who is named, or the program's user. @throws LaunchError */
export async function plannedSockets(process: ProcessDefinition, read: ReadText): Promise<readonly PlannedSocket[]> {
  return Promise.all(process.listen.map(async (socket): Promise<PlannedSocket> => {
    const { name, address } = socket;
    const place = parseListenAddress(address);
    if (place === undefined) throw new LaunchError('listen', process.fullName, `listen: ${name}: ${address} is no address`);
    return { name, address, place: place.is === 'unix' ? { ...place, mode: socket.mode ?? usualMode, ...await ownerOf(process, socket, read) } : place };
  }));
}

async function ownerOf(process: ProcessDefinition, { user, group }: ListenSocket, read: ReadText): Promise<{ readonly uid: number; readonly gid: number }> {
  // Names are the host's: it is the host's file.
  const isOwn = user === undefined && group === undefined;
  const { uid, gid } = await accountOf(isOwn ? process : { ...process, kind: { is: 'host', pidNamespace: false }, user: user ?? '0', userGroup: group, extraGroups: [] }, read);
  return { uid, gid };
}
