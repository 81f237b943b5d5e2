/** A program to start. What is not named here is not inherited: no descriptor above these, no signal disposition or mask. */
export interface SpawnOptions {
  /** A path (it has a slash), or a name to be looked up in the PATH of `env`. */
  readonly file: string;
  /** Without argv[0]. */
  readonly args: readonly string[];
  /** Default: `file` as given. */
  readonly argv0?: string;
  /** The whole environment; not to be changed afterwards. Default: this process's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: this process's. */
  readonly cwd?: string;
  /**
   * Descriptors of this process for the program's 0, 1 and 2; /dev/null where absent. They stay open
   * here, and the caller's. The program shares the open file description: O_NONBLOCK too.
   */
  readonly stdin?: number;
  readonly stdout?: number;
  readonly stderr?: number;
  /** Likewise for 3, 4, 5 and so on. */
  readonly more?: readonly number[];
  /** Make it the leader of a new session, without a controlling terminal. */
  readonly session?: boolean;
  /** Make it the leader of a new process group. */
  readonly processGroup?: boolean;
}
