import { closeSync, existsSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from './errors';
import { type FaultPoint, type KernelAnswer, agentMoments, checkpointMoments, copierMoments, failingSteps, failingTaskSteps, hostMoments, hostSteps, imageMoments, imageSteps, kernelAnswers, keptMoments, moments, noticeMoments, packMoments, taskMoments, toldMoments } from './fault-points';

type Action = 'kill' | 'hang' | 'reject' | { readonly errno: number };

interface Fault {
  readonly action: Action;
  /** The how-many-th time that the point is reached; 0: every time. */
  readonly nth: number;
  /** Made when it happens, and it does not happen where it is there: once among all processes that share it. */
  readonly mark: string | undefined;
  /** How often the point was reached; of a fault with a mark, since that is not there. */
  count: number;
}

/**
 * What a test wants to go wrong, and where: `name=action[:nth][@mark]`, comma-separated, the names those of
 * fault-points.ts. The action is `kill` (SIGKILL to this process), `hang` (its only thread blocks for ever), `reject` (a promise is
 * rejected that nobody handles, and the step goes on) or the name of an errno, which is thrown as a SysError. Without `nth` it happens every time that the point is reached;
 * with `mark`, the path of a file that is not there yet, once, and the file tells that it has happened. While the file is there nothing happens and nothing is counted: a test arms the fault again by
 * removing it.
 */
export class FaultPlan {
  private readonly faults = new Map<string, Fault[]>();

  /** @throws Error when the text does not follow the form: a test that injects nothing would prove nothing */
  constructor(text: string) {
    for (const part of text.split(',').filter((piece) => piece !== '')) {
      const match = /^([^=]+)=([A-Za-z0-9]+)(?::([1-9]\d*))?(?:@(.+))?$/.exec(part);
      const [, name, action, nth, mark] = match ?? [];
      if (name === undefined || action === undefined) throw new Error(`not a fault: ${part}`);
      const fault = { action: actionOf(action), nth: nth === undefined ? 0 : Number(nth), mark, count: 0 };
      checkPoint(name, fault.action);
      this.faults.set(name, [...(this.faults.get(name) ?? []), fault]);
    }
  }

  /** @throws SysError where the plan says so */
  reach(name: FaultPoint | KernelAnswer): void {
    const faults = this.faults.get(name);
    if (faults === undefined) return;
    for (const fault of faults) fault.count = fault.mark !== undefined && existsSync(fault.mark) ? 0 : fault.count + 1;
    for (const { action, nth, mark, count } of faults) {
      if ((nth === 0 ? count > 0 : nth === count) && isFirst(mark)) strike(name, action);
    }
  }
}

/**
 * What build.mjs puts in its place: true in a build that is to be packaged. Outside of a build it is not there. Asked for where
 * it is used, and nowhere else: so the bundler sees that a function does nothing, and takes its calls away.
 */
declare const WITHOUT_FAULT_POINTS: true | undefined;

// Read once: the variable is for tests, and a look at the environment at each point is not free.
const plan = planOf(process.env['HOLDFAST_FAULTS']);

/** @throws Error in a packaged build: who asks for faults must not believe that there were none */
function planOf(text: string | undefined): FaultPlan | undefined {
  if (text === undefined || text === '') return undefined;
  if (typeof WITHOUT_FAULT_POINTS !== 'undefined') throw new Error('HOLDFAST_FAULTS is set, and this build has no fault points');
  return new FaultPlan(text);
}

/**
 * A named step where a test can make this process die, hang or fail, through the environment variable
 * HOLDFAST_FAULTS. Does nothing, and costs nothing, without it; in a packaged build it is not there at all.
 * @throws SysError the failure asked for
 */
export function faultPoint(name: FaultPoint): void {
  if (typeof WITHOUT_FAULT_POINTS === 'undefined') plan?.reach(name);
}

/** Whether a test lets the kernel tell this, or has it be one of before: the plan names an errno for what is missing. */
export function kernelTells(what: KernelAnswer): boolean {
  if (typeof WITHOUT_FAULT_POINTS !== 'undefined') return true;
  try {
    plan?.reach(what);
    return true;
  } catch {
    return false;
  }
}

/** A name that no code reaches, or an error where none can come, would prove nothing either. */
function checkPoint(name: string, action: Action): void {
  const allFailing = [...failingSteps, ...failingTaskSteps, ...hostSteps, ...imageSteps];
  const allMoments = [...moments, ...taskMoments, ...copierMoments, ...keptMoments, ...noticeMoments, ...packMoments, ...hostMoments, ...toldMoments, ...agentMoments, ...imageMoments, ...checkpointMoments];
  const names: readonly string[] = typeof action === 'object' ? [...allFailing, ...kernelAnswers] : [...allFailing, ...allMoments];
  if (!names.includes(name)) throw new Error(`not a fault's place: ${name}`);
}

function isFirst(mark: string | undefined): boolean {
  if (mark === undefined) return true;
  try {
    closeSync(openSync(mark, 'wx'));
    return true;
  } catch {
    return false;
  }
}

function actionOf(text: string): Action {
  if (text === 'kill' || text === 'hang' || text === 'reject') return text;
  const errno = (constants.errno as Readonly<Record<string, number>>)[text];
  if (errno === undefined) throw new Error(`not a fault's action: ${text}`);
  return { errno };
}

function strike(name: string, action: Action): void {
  if (action === 'kill') {
    process.kill(process.pid, 'SIGKILL');
  } else if (action === 'hang') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  } else if (action === 'reject') {
    void Promise.reject(new Error(`fault ${name}`));
  } else {
    throw new SysError(action.errno, `fault ${name}`);
  }
}
