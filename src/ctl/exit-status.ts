/**
 * What holdfastctl exits with. The numbers are those of supervisorctl, which
 * took them from the init script actions of the Linux Standard Base.
 *
 * An attached `start` or `exec` passes the process's own status on (its exit
 * code, or 128 + the signal that killed it), whatever that number means here.
 */
export const exitStatus = {
  /** Done; also: already started, or not running when asked to stop. */
  ok: 0,
  /** Anything without a number of its own, an unknown name among it. */
  failed: 1,
  /** The command line itself is wrong, or the daemon refuses an argument. */
  invalidArguments: 2,
  /** `status` only: at least one of the containers asked for does not run. */
  statusNotRunning: 3,
  /** `status` only: the daemon cannot be reached, or a name is unknown and nothing else is down. */
  statusUnknown: 4,
  /** The daemon's socket is there, and nobody who is ours answers. */
  refused: 4,
  /** The daemon cannot be reached, the container could not be started, or it does not run. */
  notRunning: 7,
  /** `wait --timeout`: it was too late, as timeout(1) has it. */
  timedOut: 124,
  /** `run`, `exec`, `fg`: a failure of ours, as podman has it. */
  ours: 125,
  /** Interrupted by Ctrl-C. */
  interrupted: 130,
  /** The reader of our output has gone: what SIGPIPE makes of other programs. */
  brokenPipe: 141,
} as const;

/** The status of a command that acts on several names: the last that is not 0, as supervisorctl has it. */
export function lastFailure(statuses: readonly number[]): number {
  return statuses.findLast((status) => status !== exitStatus.ok) ?? exitStatus.ok;
}

/** The status that a shell reports for a process killed by a signal. */
export function killedBy(signal: number): number {
  return 128 + signal;
}
