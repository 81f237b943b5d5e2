import { connect } from 'node:net';

import { peerCredentials, socketFd } from '../../src/sys/sockets/sockets';

/** The pid of the process that listens on the socket. */
export async function peerOf(socketPath: string): Promise<number> {
  const socket = connect(socketPath);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const fd = socketFd(socket);
    if (fd === undefined) throw new Error(`${socketPath}: no descriptor`);
    return peerCredentials(fd).pid;
  } finally {
    socket.destroy();
  }
}
