/** Tells of the OOM killer's acts in one container's cgroup. Owns its descriptor. */
export interface OomSource {
  /** To be polled for `interest`; an error condition counts too. Belongs to the source. */
  readonly fd: number;
  /** `in` an eventfd (version 1), `pri` a file of the cgroup (version 2). */
  readonly interest: 'in' | 'pri';
  /**
   * The kernel has announced an OOM (version 1 does so before it picks a process) and has not counted a kill
   * yet. There will be no other wake-up for that kill: consume again in a few milliseconds, while this is
   * true. It becomes false by itself after a second, since not every announcement is followed by a kill here:
   * the killed process may be another container's, under a limit of a cgroup above both.
   */
  readonly unsettled: boolean;
  /** Kills and stalls told of so far, the known ones from before included: what to open with after a restart. */
  readonly kills: number;
  /**
   * How many of them were stalls: the container was out of memory, nobody may be killed (`disableOOMKiller`, version 1), and so
   * what wants memory hangs. Counted once for each time that it becomes so.
   */
  readonly stalls: number;
  /**
   * 1 where a kill was announced, and the cgroup removed before anyone could count (version 1): for an end
   * whose kills nobody else has counted. Not part of `kills`, and not certain.
   */
  readonly presumed: number;
  /**
   * How many processes the OOM killer has killed since the last call (or the opening), and stalls. To be called when the
   * descriptor is ready, while `unsettled`, and a last time before the container's end is told of.
   */
  consume(): number;
  /** May be called twice. Stop polling first. */
  close(): void;
}

export interface OomSourceOptions {
  /**
   * How many kills had been told of before a restart (`kills`). Later ones make the descriptor ready at
   * once. Absent: what was before the opening does not count.
   */
  readonly knownKills?: number;
  /** How many of these were stalls. One that lasts is told of once. */
  readonly knownStalls?: number;
  /** Milliseconds, never going back; for tests. */
  readonly now?: () => number;
}
