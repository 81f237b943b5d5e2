import type { Child, WaitStatus } from '../../sys/process/children';
import { SIGKILL, killGroup } from '../../sys/process/process';

/** How long a runtime that was killed is waited for. */
const PATIENCE_MS = 2000;

const KILLED: WaitStatus = { kind: 'signalled', signal: SIGKILL };

/**
 * A runtime at work, which leads its process group. One that waits for a file system that hangs cannot die before that
 * answers (in state D, ps(1)): once it has been killed it does nothing more, and who waits for its end goes on.
 */
export class RuntimeChild {
  /** Resolves with how it ended, or would have; never rejects. */
  readonly ended: Promise<WaitStatus>;
  private giveUp: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly child: Child,
    private readonly patienceMs = PATIENCE_MS,
  ) {
    const stuck = new Promise<WaitStatus>((resolve) => {
      this.giveUp = () => { resolve(KILLED); };
    });
    this.ended = Promise.race([child.exited, stuck]).finally(() => { clearTimeout(this.timer); });
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Ends it with the helpers that it has started; a container's init is in a session of its own. */
  kill(): void {
    // Its number is its own as long as it has not been reaped, and child.kill would spare the helpers. Where it is gone, its end is on the way.
    killGroup(this.child.pid);
    this.timer ??= setTimeout(this.giveUp, this.patienceMs);
  }
}
