import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Checkpoints, type CheckpointsParts } from '../../../src/images/checkpoints/checkpoints';
import { FileThread } from '../../../src/images/files/file-thread';
import { startFileThread } from '../../../src/images/files/start-file-thread';

describe('what a kill has left of checkpoints', () => {
  let root: string;
  let threads: readonly [FileThread, FileThread];
  let checkpoints: Checkpoints;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-checkpoints-'));
    const [quick, slow] = threads = [new FileThread(start), new FileThread(start)];
    checkpoints = new Checkpoints({ root, quick, slow, ...noLayers });
  });
  afterEach(async () => {
    for (const thread of threads) await thread.close();
    rmSync(root, { recursive: true });
  });

  test('goes, and so does its directory', async () => {
    mkdirSync(join(root, 'checkpoints/left/images'), { recursive: true });
    writeFileSync(join(root, 'checkpoints/left/images/core-1.img'), '');
    expect(checkpoints.hasFiles).toBe(true);
    await checkpoints.removeStrays();
    expect(checkpoints.hasFiles).toBe(false);
  });

  test('is looked for without the thread that removes, where there is nothing', async () => {
    await checkpoints.removeStrays();
    mkdirSync(join(root, 'checkpoints'));
    await checkpoints.removeStrays();
    expect([checkpoints.hasFiles, threads[1].isRunning]).toEqual([false, false]);
  });

  test('does not take along one that is begun meanwhile, however long it takes to be removed', async () => {
    mkdirSync(join(root, 'checkpoints'));
    const [quick, slow] = threads;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((done) => { begin = done; });
    let reach: () => void = () => undefined;
    const reached = new Promise<void>((done) => { reach = done; });
    const delayed = { call: async (...args: Parameters<FileThread['call']>) => {
      reach();
      await begun;
      return slow.call(...args);
    } } as unknown as FileThread;
    const others = new Checkpoints({ root, quick, slow: delayed, ...noLayers });
    const removed = others.removeStrays();
    await Promise.race([reached, removed]);
    await others.inPlace(async ({ imagePath }) => {
      begin();
      await removed;
      expect(existsSync(imagePath)).toBe(true);
    });
  });
});

/** Neither is asked for anything here. */
const noLayers = {} as Pick<CheckpointsParts, 'content' | 'layers'>;

const start = (): ReturnType<typeof startFileThread> => startFileThread(resolve('bin/holdfast-images'));
