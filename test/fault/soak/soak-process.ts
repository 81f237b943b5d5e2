import { processOf } from '../../support/processes';
import type { AskedFor } from '../matrix/history';

/**
 * `asked`: its start is under way. `runs`: nothing that the soak has done may end it. `mayEnd`: it ends by itself, or has been
 * made to. `over`: its exit is told, or its start undone.
 */
export type Phase = 'asked' | 'runs' | 'mayEnd' | 'over';

/** A process that the soak asked for: how it may end, and which process of the kernel's it is. */
export class SoakProcess implements AskedFor {
  phase: Phase = 'asked';
  /** The client has paused its container, and not resumed it. */
  isPaused = false;
  /** Nobody holds its terminal any more. */
  isHungUp = false;
  readonly #others = new Set<number>();
  #status: number;
  #hasStarted = false;
  #pid: number | undefined;
  #starttime: string | undefined;

  /** @param hangUpStatuses of a process with a terminal: what it may end with when that hangs up */
  constructor(
    readonly id: string,
    readonly processId: string,
    status: number,
    private readonly hangUpStatuses?: readonly number[],
  ) {
    this.#status = status;
  }

  /** The statuses that its end may be told with: one, unless something was done to it that leaves it open. */
  get statuses(): readonly number[] {
    return [...new Set([this.#status, ...this.#others])];
  }

  get name(): string {
    return `${this.id} ${this.processId}`;
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** Its start is told. One that is over by now has a pid, and no start time any more. @param pid unknown after a cut */
  started(pid: number | undefined, phase: 'runs' | 'mayEnd'): void {
    this.#hasStarted = true;
    this.#pid = pid;
    this.#starttime = pid === undefined ? undefined : processOf(pid)?.starttime;
    this.phase = phase;
  }

  /** Another end is possible from now on. */
  mayEndWith(...statuses: readonly number[]): void {
    if (this.phase === 'runs') this.phase = 'mayEnd';
    for (const status of statuses) this.#others.add(status);
  }

  /** Nobody may have seen how it ended. What ended it is another matter: the phase stays. */
  mayBeToldWith(status: number): void {
    this.#others.add(status);
  }

  /** It is sent a signal that it cannot survive. */
  isSignalled(status: number): void {
    this.mayEndWith();
    this.#status = status;
  }

  /** Nobody holds its stdio any more: a terminal hangs up then, and FIFOs do nothing, since the client holds them too. */
  losesHolders(): void {
    if (this.hangUpStatuses === undefined || this.phase === 'over') return;
    this.isHungUp = true;
    this.mayEndWith(...this.hangUpStatuses);
  }

  /** The same process as at its start runs. */
  isAlive(): boolean {
    return this.#pid !== undefined && this.#starttime !== undefined && processOf(this.#pid)?.starttime === this.#starttime;
  }
}
