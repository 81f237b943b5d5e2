import { constants } from 'node:os';
import { SysError } from './errors';

type Action = 'kill' | 'hang' | { readonly errno: number };

interface Fault {
  readonly action: Action;
  /** The how-many-th time that the point is reached; 0: every time. */
  readonly nth: number;
}

/**
 * What a test wants to go wrong, and where: `name=action[:nth]`, comma-separated. The action is `kill`
 * (SIGKILL to this process), `hang` (its only thread blocks for ever) or the name of an errno, which
 * is thrown as a SysError. Without `nth` it happens every time that the point is reached.
 */
export class FaultPlan {
  private readonly faults = new Map<string, Fault[]>();
  private readonly reached = new Map<string, number>();

  /** @throws Error when the text does not follow the form: a test that injects nothing would prove nothing */
  constructor(text: string) {
    for (const part of text.split(',').filter((piece) => piece !== '')) {
      const match = /^([^=]+)=([A-Za-z0-9]+)(?::([1-9]\d*))?$/.exec(part);
      const [, name, action, nth] = match ?? [];
      if (name === undefined || action === undefined) throw new Error(`not a fault: ${part}`);
      const fault = { action: actionOf(action), nth: nth === undefined ? 0 : Number(nth) };
      this.faults.set(name, [...(this.faults.get(name) ?? []), fault]);
    }
  }

  /** @throws SysError where the plan says so */
  reach(name: string): void {
    const faults = this.faults.get(name);
    if (faults === undefined) return;
    const count = (this.reached.get(name) ?? 0) + 1;
    this.reached.set(name, count);
    for (const fault of faults) {
      if (fault.nth === 0 || fault.nth === count) strike(name, fault.action);
    }
  }
}

// Read once: the variable is for tests, and a look at the environment at each point is not free.
const planText = process.env['HOLDFAST_FAULTS'];
const plan = planText === undefined || planText === '' ? undefined : new FaultPlan(planText);

/**
 * A named step where a test can make this process die, hang or fail, through the environment variable
 * HOLDFAST_FAULTS. Does nothing, and costs nothing, without it.
 * @throws SysError the failure asked for
 */
export function faultPoint(name: string): void {
  plan?.reach(name);
}

function actionOf(text: string): Action {
  if (text === 'kill' || text === 'hang') return text;
  const errno = (constants.errno as Readonly<Record<string, number>>)[text];
  if (errno === undefined) throw new Error(`not a fault's action: ${text}`);
  return { errno };
}

function strike(name: string, action: Action): void {
  if (action === 'kill') {
    process.kill(process.pid, 'SIGKILL');
  } else if (action === 'hang') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  } else {
    throw new SysError(action.errno, `fault ${name}`);
  }
}
