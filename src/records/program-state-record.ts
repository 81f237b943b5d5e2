/** A program of the agent, as the agent writes it down. */
export interface ProgramStateRecord {
  readonly name: string;
  /** What only the agent reads. */
  readonly text: string;
}
