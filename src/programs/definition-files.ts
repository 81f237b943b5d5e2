/** What reading the definition files has brought. */
export interface RereadResult {
  /** Groups that are not as they are in use, by name. */
  readonly changes: readonly { readonly group: string; readonly is: 'available' | 'changed' | 'disappeared' }[];
  /** A line for each thing that is wrong: `file:line:column: what`. */
  readonly errors: readonly string[];
}

/** What has become of a group, or of a process where not all of its group is concerned; in a dry run what would. */
export interface UpdateLine {
  readonly name: string;
  /** `removed` and `restarted`: it was stopped before. `live`: nothing was restarted. `failed`: see `detail`; it is done at the daemon's next start. */
  readonly is: 'removed' | 'restarted' | 'live' | 'added' | 'no-such-group' | 'failed';
  /** The keys that have changed. */
  readonly keys?: readonly string[];
  readonly detail?: string;
}

export interface UpdateOrder {
  /** Groups or programs; none: all. */
  readonly names: readonly string[];
  /** Nothing is changed. */
  readonly isDryRun: boolean;
}

/** A process as the files that were read last define it. */
export interface AvailableProcess {
  readonly name: string;
  readonly isInUse: boolean;
  readonly autostart: boolean;
  readonly groupPriority: number;
  readonly priority: number;
}

export interface ScaleOrder {
  /** Of the program. */
  readonly name: string;
  /** At least 1. */
  readonly count: number;
}

/** The processes that `scale` has ended and forgotten, and those that come up. */
export interface ScaleResult {
  readonly stopped: readonly string[];
  readonly added: readonly string[];
}

/** Which files define programs, and which of those definitions are in use. */
export interface DefinitionFiles {
  /** Reads the files. Changes nothing that runs. */
  reread(): Promise<RereadResult>;
  /** Reads the files, and has what they say in use: each line as it is done. @returns what is wrong with them @throws RecordsError where it cannot be written down */
  update(order: UpdateOrder, tell: (line: UpdateLine) => void): Promise<readonly string[]>;
  /** What was read last, by name. */
  available(): readonly AvailableProcess[];
  /** Has a group in use that was read. */
  add(group: string): Promise<'added' | 'already-active' | 'no-such-group'>;
  /** A group that does not run is in use no more, until `add` or `update`. */
  remove(group: string): Promise<'removed' | 'still-running' | 'no-such-group'>;
  /** Has a program run so many processes. @throws ProgramError `no-such-process` */
  scale(order: ScaleOrder): Promise<ScaleResult>;
  /**
   * Has a program kept running that no file defines, until {@link forget}, or until a file defines one of its name. @param toml a file that defines it alone @param refuse throws where something else has the name
   * @returns its name @throws ProgramError `already-active`: the name is taken; `invalid-definition`; RecordsError where it cannot be written down
   */
  define(toml: string, refuse: (name: string) => Promise<void>): Promise<string>;
  /** Ends and forgets a program that no file defines. @throws ProgramError `no-such-process`: there is none of the name */
  forget(name: string): Promise<void>;
  /** The definition in use of a program, group or process, as TOML, with defaults and without secrets. @throws ProgramError `no-such-process` */
  show(name: string): string;
}
