import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DatagramSocket } from '../../../../src/sys/sockets/datagram-socket';
import { takeServiceManager } from '../../../../src/sys/sockets/service-manager';
import { errorOf, pollerWithErrors } from '../resources';

test('a service manager that takes nothing holds nobody up who says that he is alive', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-manager-'));
  const path = join(directory, 'notify');
  const { poller } = pollerWithErrors();
  const heard: string[] = [];
  const socket = DatagramSocket.at(poller, path, 0, (text) => heard.push(text));
  try {
    const env = { NOTIFY_SOCKET: path };
    const manager = takeServiceManager(env);
    expect(env).toEqual({});
    // More than the queue of such a socket holds (net.unix.max_dgram_qlen), and nobody takes anything meanwhile.
    const flood = (): void => { for (let count = 0; count < 100_000; count += 1) manager.tell('WATCHDOG=1', true); };
    expect(errorOf(flood)).toMatchObject({ code: 'EAGAIN' });
    socket.takeWaiting();
    expect(heard[0]).toBe('WATCHDOG=1');
  } finally {
    socket.close();
    poller.close();
    rmSync(directory, { recursive: true });
  }
});
