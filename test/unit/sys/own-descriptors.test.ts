import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';

import { FileThread } from '../../../src/images/files/file-thread';
import { startFileThread } from '../../../src/images/files/start-file-thread';
import { createPipe } from '../../../src/sys/files/files';

test('a thread that has descriptors of its own holds no end of a pipe between others: who reads from it comes to its end', async () => {
  const { readFd, writeFd } = createPipe();
  const reader = spawn('cat', { stdio: [readFd, 'ignore', 'ignore'] });
  const ended = once(reader, 'exit');
  closeSync(readFd);
  const thread = new FileThread(() => startFileThread(resolve('bin/holdfast-images')));
  try {
    await thread.call('names', [tmpdir()]);
    closeSync(writeFd);
    await ended;
  } finally {
    await thread.close();
    reader.kill('SIGKILL');
  }
});
