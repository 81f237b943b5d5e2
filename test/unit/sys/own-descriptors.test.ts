import { closeSync, readFileSync, readdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';

import { FileThread } from '../../../src/images/files/file-thread';
import { startFileThread } from '../../../src/images/files/start-file-thread';
import { createPipe } from '../../../src/sys/files/files';

describe('a thread that has descriptors of its own', () => {
  const withThread = async (during: (thread: FileThread) => Promise<void>): Promise<void> => {
    const thread = new FileThread(() => startFileThread(resolve('bin/holdfast-images')));
    try {
      await thread.call('names', [tmpdir()]);
      await during(thread);
    } finally {
      expect(await thread.close()).toBe(true);
    }
  };

  test('holds no end of a pipe of which the process has had both: who reads from it comes to its end', async () => {
    const { readFd, writeFd } = createPipe();
    const reader = new Socket({ fd: readFd, readable: true, writable: false }).resume();
    const ended = new Promise<void>((resolve) => { reader.once('end', resolve); });
    await withThread(async () => {
      closeSync(writeFd);
      await ended;
    });
  });

  test('nor one of which the process has had one', async () => {
    const { readFd, writeFd } = createPipe();
    closeSync(readFd);
    await withThread(() => {
      // SIGPIPE is ignored: EPIPE where nobody has a read end any more.
      const socket = new Socket({ fd: writeFd, readable: false, writable: true });
      return new Promise((resolve, reject) => {
        socket.once('error', (error: NodeJS.ErrnoException) => { error.code === 'EPIPE' ? resolve() : reject(error); });
        socket.write('something');
      });
    });
  });

  test("takes none of the process's signals, whose handlers would write to a descriptor that is another one here", async () => {
    const before = new Set(readdirSync('/proc/self/task'));
    await withThread(() => {
      const masks = readdirSync('/proc/self/task').filter((thread) => !before.has(thread)).map((thread) => /^SigBlk:\s*(\w+)$/m.exec(readFileSync(`/proc/self/task/${thread}/status`, 'latin1'))?.[1]);
      const term = 1n << 14n;
      expect(masks.filter((mask) => (BigInt(`0x${mask ?? '0'}`) & term) !== 0n)).toHaveLength(1);
      return Promise.resolve();
    });
  });
});
