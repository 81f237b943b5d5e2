import { type FaultPoint, failingSteps, failingTaskSteps, taskMoments } from '../../../src/sys/fault-points';
import { untilExists } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';
import { Ordeal } from './ordeal';
import { TaskOrdeal } from './task-ordeal';
import { failedTasks, taskLife, unstarted } from './task-scenarios';

/**
 * Points in the order in which a life comes to them. Each strikes once, and whoever dies of one is followed by a daemon
 * that has the others before it: so one life meets them all.
 */
const creation: readonly FaultPoint[] = [
  'daemon.records.before-write', 'daemon.records.written',
  'daemon.create.before-own-bundle', 'daemon.create.before-mount', 'daemon.create.mounted', 'daemon.create.own-bundle-written',
  'daemon.start.before-bundle', 'daemon.start.before-directory', 'daemon.start.before-state-file',
];
const making: readonly FaultPoint[] = [
  'daemon.directory.before-make', 'daemon.directory.before-mark', 'daemon.directory.before-record', 'daemon.directory.before-fifos', 'daemon.directory.before-open',
  'daemon.start.before-shim', 'daemon.start.before-take', 'daemon.take.sent', 'daemon.start.taken',
  'daemon.start.before-identify', 'daemon.start.before-stdio', 'daemon.start.before-watch', 'daemon.log.append', 'daemon.create.told',
];
const running: readonly FaultPoint[] = [
  'daemon.start.before-runtime',
  'daemon.register.before-directory', 'daemon.register.before-rename',
  'daemon.exec.before-directory', 'daemon.exec.before-shim', 'daemon.exec.before-take', 'daemon.exec.taken',
  'daemon.exec.before-identify', 'daemon.exec.before-stdio', 'daemon.exec.before-watch', 'daemon.exec.told',
];
/** Once it has let the process go, a start is done. */
const started: readonly FaultPoint[] = ['daemon.start.started', 'daemon.start-task.started', 'daemon.start-task.told'];
const end: readonly FaultPoint[] = [
  'daemon.log.record-end', 'daemon.end.recorded', 'daemon.log.tell-end', 'daemon.end.told',
  'daemon.delete-exec.before-discard', 'daemon.discard.before-rename', 'daemon.discard.before-removal',
  'daemon.delete.before-abort', 'daemon.delete.deleted', 'daemon.delete.before-unmount', 'daemon.delete.unmounted',
  'daemon.delete.before-discard', 'daemon.delete.removed',
];
const undoing: readonly FaultPoint[] = [
  'daemon.undo.before-abort', 'daemon.undo.aborted', 'daemon.undo.before-discard', 'daemon.undo.undone', 'daemon.delete.before-unmount', 'daemon.delete.unmounted',
];
/** Without a shim there is nobody but the daemon to have the runtime delete the container. */
const withoutShim: readonly FaultPoint[] = ['daemon.delete.before-runtime'];
const shimDies = 'shim.end.delete=kill';
const shim: readonly FaultPoint[] = [
  'shim.take.before-create', 'shim.take.after-create', 'shim.take.before-watch',
  'shim.end.status', 'shim.end.read', 'shim.end.tell', 'shim.end.execs', 'shim.end.drain', 'shim.end.start-told', 'shim.end.count-oom-kills', 'shim.end.delete', 'shim.end.deleted',
];
const errors = ['EIO', 'ENOSPC', 'EMFILE'];

type Scenario = (tasks: TaskOrdeal) => Promise<void>;
type Case = readonly [title: string, plan: readonly string[], run: Scenario];
const life: Scenario = async (tasks) => {
  await taskLife(tasks);
  await unstarted(tasks);
};

const cases: readonly Case[] = [
  ['killed at its creation', kills(creation), life],
  ['killed while it is made', kills(making), life],
  ...kills(started).map((kill): Case => [kill, [kill], life]),
  ['killed at its start, or at one of an exec', kills(running), life],
  ['killed at its end and its deletion', kills(end), life],
  ['killed while a creation is undone', kills(undoing), failedTasks],
  ['killed at a deletion without a shim', [shimDies, ...kills(withoutShim)], life],
  // After an end that it has told nobody takes its place: each in a life of its own.
  ...kills(shim).map((kill): Case => [kill, [kill], life]),
  ...errors.flatMap((errno): Case[] => [
    [`${errno} at its creation`, fails(creation, errno), life],
    [`${errno} while it is made`, fails(making, errno), life],
    [`${errno} at its start, or at one of an exec`, fails(running, errno), life],
    [`${errno} at its end and its deletion`, fails(end, errno), life],
    [`${errno} while a creation is undone`, fails(undoing, errno), failedTasks],
    [`${errno} at a deletion without a shim`, [shimDies, ...fails(withoutShim, errno)], life],
    [`${errno} at each step of the shim`, fails(shim, errno), life],
  ]),
];

describeOnHost('whatever step of a task fails or is the last', realContainers, () => {
  test.concurrent.each(cases)('%s', async (_title, plan, run) => {
    const ordeal = new Ordeal();
    const tasks = new TaskOrdeal(ordeal);
    try {
      await ordeal.startAmong(plan);
      await run(tasks);
      await Promise.all(plan.map((fault) => untilExists(ordeal.mark(fault))));
      await ordeal.finish();
    } catch (error) {
      await ordeal.giveUp();
      throw error;
    }
  }, 180_000);

  test('each point that tasks alone come to is among them', () => {
    const struck = new Set([...creation, ...making, ...running, ...started, ...end, ...undoing, ...withoutShim, ...shim]);
    expect([...failingTaskSteps, ...taskMoments].filter((point) => !struck.has(point))).toEqual(['daemon.dump', 'shim.signal']);
  });
});

function kills(points: readonly FaultPoint[]): string[] {
  return points.map((point) => `${point}=kill`);
}

/** Where nothing can fail there is no error. */
function fails(points: readonly FaultPoint[], errno: string): string[] {
  const failing: readonly string[] = [...failingSteps, ...failingTaskSteps];
  return points.filter((point) => failing.includes(point)).map((point) => `${point}=${errno}`);
}
