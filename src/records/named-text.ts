/** Something of the agent's that has a name, as the agent writes it down. */
export interface NamedText {
  readonly name: string;
  /** What only the agent reads. */
  readonly text: string;
}
