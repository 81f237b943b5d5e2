import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readdirSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';

import { FileThread } from '../../../src/images/files/file-thread';
import { startFileThread } from '../../../src/images/files/start-file-thread';
import { createPipe } from '../../../src/sys/files/files';
import { openDescriptors, wholePipes } from '../../../src/sys/open-descriptors';

const inThread = async (use: () => Promise<void>): Promise<void> => {
  const thread = new FileThread(() => startFileThread(resolve('bin/holdfast-images')));
  try {
    await thread.call('names', [tmpdir()]);
    await use();
  } finally {
    await thread.close();
  }
};

describe('a thread that has descriptors of its own holds no end of a pipe between others: who reads from it comes to its end', () => {
  test.each([
    ['of which the process has one end left', (readFd: number) => { closeSync(readFd); }, () => undefined],
    ['whose other end the process is about to give away', () => undefined, (readFd: number) => { closeSync(readFd); }],
  ])('one %s', async (_, before, after) => {
    const { readFd, writeFd } = createPipe();
    const reader = spawn('cat', { stdio: [readFd, 'ignore', 'ignore'] });
    const ended = once(reader, 'exit');
    before(readFd);
    try {
      await inThread(async () => {
        after(readFd);
        closeSync(writeFd);
        await ended;
      });
    } finally {
      reader.kill('SIGKILL');
    }
  });

  test('one from which the process reads itself, and that no child has made blocking', async () => {
    const { readFd, writeFd } = createPipe();
    const reader = new Socket({ fd: readFd, readable: true, writable: false }).resume();
    // Its loop has come to watch it.
    await new Promise(setImmediate);
    await inThread(async () => {
      const ended = once(reader, 'end');
      closeSync(writeFd);
      await ended;
    });
  });
});

test("it keeps the pipe of its own loop, which closes it at its end, and what a signal's handler needs in any thread: the pipes of the program's loop and of the handlers' lock", async () => {
  const whole = wholePipes(openDescriptors());
  const [lock = '', loop = ''] = openDescriptors().toSorted((one, other) => one.fd - other.fd).map(({ target }) => target).filter((target, index, all) => whole.has(target) && all.indexOf(target) === index);
  const threads = readdirSync('/proc/self/task');
  const { readFd, writeFd } = createPipe();
  await inThread(() => {
    const [thread = ''] = readdirSync('/proc/self/task').filter((name) => !threads.includes(name));
    const kept = pipesOf(thread);
    expect(kept.filter((pipe) => !whole.has(pipe))).toEqual([expect.stringMatching('pipe:'), expect.stringMatching('pipe:')]);
    expect(kept).toEqual(expect.arrayContaining([lock, loop]));
    return Promise.resolve();
  });
  closeSync(readFd);
  closeSync(writeFd);
});

/** Their targets, one for each end. */
function pipesOf(thread: string): readonly string[] {
  const directory = `/proc/self/task/${thread}/fd`;
  return readdirSync(directory).map((fd) => readlinkSync(`${directory}/${fd}`)).filter((target) => target.startsWith('pipe:'));
}
