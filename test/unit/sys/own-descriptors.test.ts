import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';

import { FileThread } from '../../../src/images/files/file-thread';
import { startFileThread } from '../../../src/images/files/start-file-thread';
import { createPipe } from '../../../src/sys/files/files';

describe('a thread that has descriptors of its own holds no end of a pipe between others: who reads from it comes to its end', () => {
  test.each([
    ['of which the process has one end left', (readFd: number) => { closeSync(readFd); }, () => undefined],
    ['whose other end the process is about to give away', () => undefined, (readFd: number) => { closeSync(readFd); }],
  ])('one %s', async (_, before, after) => {
    const { readFd, writeFd } = createPipe();
    const reader = spawn('cat', { stdio: [readFd, 'ignore', 'ignore'] });
    const ended = once(reader, 'exit');
    before(readFd);
    const thread = new FileThread(() => startFileThread(resolve('bin/holdfast-images')));
    try {
      await thread.call('names', [tmpdir()]);
      after(readFd);
      closeSync(writeFd);
      await ended;
    } finally {
      await thread.close();
      reader.kill('SIGKILL');
    }
  });
});
