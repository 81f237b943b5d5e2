import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { CheckpointRuntime } from '../support/checkpoint-runtime';
import { busyboxImage } from '../support/image-archive';
import { Side } from './support/side';
import { SideBySide, describeReal } from './support/side-by-side';

const name = 'example.org/busybox:1';
const checkpoint = 'example.org/box:checkpoint';
const image = busyboxImage(name);
const sleeper = ['/bin/busybox', 'sleep', '1000'];

describeReal('ctr: checkpoints, of a runtime that does without criu', () => {
  const sides = new SideBySide((backend) => new Side(backend));

  const runtimeOf = (side: Side): CheckpointRuntime => new CheckpointRuntime(side.place.path('runtime'));
  const run = async (side: Side, id: string): Promise<void> => {
    writeFileSync(side.place.path('image.tar'), image.archive);
    await side.quietly({}, 'images', 'import', side.place.path('image.tar'));
    await side.ctr('run', '-d', '--null-io', '--runc-binary', runtimeOf(side).path, name, id, ...sleeper);
    await side.untilTask(id, 'RUNNING');
  };

  sides.same('a container is checkpointed into an image, with its task and what it has written, and restored from it', async (side) => {
    await run(side, 'box');
    await side.ctr('containers', 'checkpoint', '--task', '--rw', '--image', 'box', checkpoint);
    await side.ctr('images', 'ls', '-q');
    await side.ctr('task', 'ls');
    const { stdout } = await side.quietly({}, 'content', 'ls', '-q');
    side.note(`${String(stdout.trim().split('\n').length)} blobs`);
    await side.ctr('task', 'rm', '-f', 'box');
    await side.ctr('containers', 'rm', 'box');
    await side.ctr('containers', 'restore', '--rw', '--live', 'back', checkpoint);
    await side.untilTask('back', 'RUNNING');
    side.note(readFileSync(runtimeOf(side).seen, 'utf8').replace(/\S+$/m, (id) => id.split('.').at(-1) ?? ''));
    await side.ctr('task', 'ls');
    await side.ctr('task', 'rm', '-f', 'back');
    await side.ctr('containers', 'rm', 'back');
    await side.ctr('images', 'rm', '--sync', checkpoint);
  });

  sides.same('a task is checkpointed where it is asked for, and ends with it where that is asked for', async (side) => {
    await run(side, 'box');
    await side.ctr('task', 'checkpoint', '--image-path', side.place.path('mine'), 'box');
    side.note(readdirSync(side.place.path('mine')).join());
    await side.ctr('task', 'ls');
    await side.ctr('task', 'checkpoint', '--exit', '--image-path', side.place.path('last'), 'box');
    await side.untilTask('box', 'STOPPED');
    await side.ctr('task', 'checkpoint', '--image-path', side.place.path('none'), 'box');
    await side.ctr('task', 'rm', 'box');
    await side.ctr('containers', 'rm', 'box');
    await side.ctr('task', 'checkpoint', 'box');
  });
});
