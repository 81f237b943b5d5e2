/** Something that has happened to programs. */
export interface NewProgramEvent {
  /** supervisord's name of it. */
  readonly type: string;
  /** What only the agent reads. */
  readonly text: string;
  /** One of its type that is kept is of no use any more. */
  readonly replaces: boolean;
}

/** As it is kept. */
export interface ProgramEventRecord {
  /** Rises from event to event, for ever. */
  readonly id: number;
  readonly type: string;
  readonly text: string;
}

/** What is kept besides, once these are there: the last ones alone. */
export interface NewProgramEvents {
  readonly events: readonly NewProgramEvent[];
  readonly most: number;
}
