import type { ShimProcess } from '../runtime/shim-protocol';

/** A process that a shim is asked to take over; all else is in its directory. */
export type Takeover = ShimProcess;

/** What a shim says of a process that it took over. */
export interface Taken {
  readonly pid: number;
  /** A duplicate of the terminal's master; the receiver closes it. */
  readonly terminalFd?: number;
}

/**
 * A shim as the start and exec sequences see it: ours, one for all containers, or
 * another program that follows the original's protocol, one per process.
 */
export interface Shim {
  /** Which shim this is, for messages and for knowing its processes again. */
  readonly name: string;
  /** Whether it is ours, with its verbs beyond the original's protocol. */
  readonly isOurs: boolean;
  /**
   * Has the runtime create (or exec) the process and resolves when its pid is known.
   * An aborted `signal` undoes it as far as the shim can.
   * @throws WorkError
   */
  take(takeover: Takeover, signal: AbortSignal): Promise<Taken>;
  /** Ends a process that was taken over, whatever it does, and forgets it. Unknown ones too. */
  abort(takeover: Takeover): Promise<void>;
  /**
   * Resolves when the ends of all processes that the shim has reaped until now are on disk.
   * @throws WorkError `shim-exited` where it is dead: then they may be lost
   */
  untilRecorded(): Promise<void>;
}

/** The shim programs that mean ours: what dockerd passes when nobody has set another. */
const ours = new Set(['', 'containerd-shim', 'docker-containerd-shim', 'holdfast-shim']);

/** Whether a `--shim` setting (or a container's record) names our own shim. */
export function isOurShim(setting: string): boolean {
  return ours.has(setting);
}
