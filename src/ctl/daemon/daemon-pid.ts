import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { peerCredentials } from '../../sys/sockets/sockets';
import type { Address } from './address';
import { unreachable } from './daemon-error';

/** Node keeps a socket's descriptor in its handle, and has no public name for it. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  if (typeof fd !== 'number' || fd < 0) throw new Error('the socket has no descriptor');
  return fd;
}

/**
 * The process that listens at the address, as the kernel knows it (SO_PEERCRED, unix(7)): the API
 * has no call that tells. Throws CtlError `unreachable`.
 */
export async function daemonPid(address: Address): Promise<number> {
  const socket = connect(address.path);
  try {
    await once(socket, 'connect');
    return peerCredentials(descriptorOf(socket)).pid;
  } catch (cause) {
    throw unreachable(String(cause), address.target, cause);
  } finally {
    socket.destroy();
  }
}
