import { type FailingStep, type FaultPoint, failingSteps, moments } from '../../../src/sys/fault-points';
import { untilExists } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';
import { Ordeal } from './ordeal';
import { adoption, deathWithShim, failures, life, restart, upgrade } from './scenarios';

/** Where the end of one container is recorded and not told, for a restart to find. */
const restartBegins = 'daemon.end.recorded=kill:1';
const errors = ['EIO', 'ENOSPC', 'EMFILE'];
/** Where a shim that hangs does most harm. */
const hangs: readonly FaultPoint[] = ['shim.take.before-create', 'shim.end.delete', 'shim.adopt.before-watch'];

/** One fault, or several in a row, and what goes on around it. */
interface Case {
  readonly title: string;
  readonly plan: readonly string[];
  readonly run: (ordeal: Ordeal, plan: readonly string[]) => Promise<void>;
  readonly flags?: readonly string[];
}

const points: readonly FaultPoint[] = [...failingSteps, ...moments];
const cases: readonly Case[] = [
  ...points.map((point) => caseOf(point, 'kill')),
  ...failingSteps.map((point) => caseOf(point, 'fail')),
  ...points.filter((point) => point.startsWith('daemon.directory.')).flatMap((point) => [execCaseOf(point, 'kill'), execCaseOf(point, 'fail')]),
  execCaseOf('daemon.log.append', 'kill'),
  execCaseOf('daemon.log.append', 'fail'),
  execCaseOf('daemon.take.sent', 'kill'),
  ...hangs.map((point) => ({ ...caseOf(point, 'kill'), title: `${point}: hang`, plan: [`${point}=hang`] })),
];

describeOnHost('whatever step fails or is the last', realContainers, () => {
  test.concurrent.each(cases)('$title', async ({ plan, run, flags }) => {
    const ordeal = new Ordeal(flags);
    try {
      await run(ordeal, plan);
      // Some strike a moment after the last that a client sees.
      await Promise.all(plan.map((fault) => untilExists(ordeal.mark(fault))));
      await ordeal.finish();
    } catch (error) {
      await ordeal.host.cleanUp().catch(() => undefined);
      throw error;
    }
  });
});

type Action = 'kill' | 'fail';

function caseOf(point: FaultPoint, action: Action): Case {
  const title = `${point}: ${action}`;
  const plan = planOf(point, action, 1);
  if (point.startsWith('daemon.restore.') || point === 'daemon.log.open') {
    // What is undone or finished at a second look is not there for another fault.
    const isOnce = point === 'daemon.restore.before-undo' || point === 'daemon.restore.before-finish';
    const faults = isOnce ? plan.slice(0, 1) : [...plan].reverse();
    return { title, plan: faults.map((fault) => fault.replace(/:\d$/, '')), run: restarted };
  }
  // What is taken up is there more than once; the first time decides for all.
  if (/\.(upgrade|take-up)\./.test(point)) return { title, plan: plan.slice(0, 1), run: upgrade };
  if (point.includes('.adopt.')) return { title, plan: plan.slice(0, 1), run: adopted };
  if (point === 'daemon.end.before-delete' || point === 'daemon.end.deleted') {
    return { title, plan, flags: ['--on-shim-death=kill'], run: (ordeal, faults) => begun(ordeal, faults, deathWithShim) };
  }
  if (point.startsWith('daemon.undo.')) return { title, plan, run: (ordeal, faults) => begun(ordeal, faults, failures) };
  if (point === 'shim.take.before-undo') {
    return { title, plan: ['shim.take.after-create=EIO', ...plan.slice(0, 1)], run: (ordeal, faults) => begun(ordeal, faults, life) };
  }
  if (point === 'shim.end.kill-all') {
    return { title, plan: plan.slice(0, 1), run: (ordeal, faults) => begun(ordeal, faults, (one) => life(one, 'one', { pidNamespace: false })) };
  }
  // What is left in the trash goes with the next that is thrown away.
  if (point === 'daemon.discard.before-removal') return { title, plan: plan.slice(0, 2), run: (ordeal, faults) => begun(ordeal, faults, life) };
  // These come once in a life.
  const once = ['shim.end.execs', 'shim.end.start-told', 'shim.end.count-oom-kills', 'shim.end.delete', 'shim.end.deleted', 'daemon.shim.before-launch'];
  if (action === 'fail' && once.includes(point)) return { title, plan, run: (ordeal, faults) => begun(ordeal, faults, threeLives) };
  return { title, plan, run: (ordeal, faults) => begun(ordeal, faults, life) };
}

/** The same step, in the exec that follows the start. */
function execCaseOf(point: FaultPoint, action: Action): Case {
  return { title: `${point}, of an exec: ${action}`, plan: planOf(point, action, 2), run: (ordeal, faults) => begun(ordeal, faults, life) };
}

/** Errors come one after the other, at one time that the point is reached each. */
function planOf(point: FaultPoint | FailingStep, action: Action, first: number): readonly string[] {
  if (action === 'kill') return [`${point}=kill:${String(first)}`];
  return errors.map((errno, at) => `${point}=${errno}:${String(first + at)}`);
}

async function begun(ordeal: Ordeal, plan: readonly string[], scenario: (ordeal: Ordeal) => Promise<void>): Promise<void> {
  await ordeal.start(plan);
  await scenario(ordeal);
}

async function threeLives(ordeal: Ordeal): Promise<void> {
  for (const id of ['one', 'two', 'three']) await life(ordeal, id);
}

/** Each error in a restart of its own: there a point is reached once. */
async function restarted(ordeal: Ordeal, plan: readonly string[]): Promise<void> {
  await ordeal.start([restartBegins]);
  await restart(ordeal, plan);
}

async function adopted(ordeal: Ordeal, plan: readonly string[]): Promise<void> {
  await ordeal.start(plan);
  await adoption(ordeal, () => untilExists(ordeal.mark(plan[0] ?? '')));
}
