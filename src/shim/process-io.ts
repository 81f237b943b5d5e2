/** The stdio of one process, with or without a terminal. */
export interface ProcessIo {
  /** The terminal's master, a descriptor of this process; absent without one. */
  readonly terminalFd: number | undefined;
  /** The client's UpdateProcess{closeStdin}: this side stops holding stdin open. May come twice. */
  closeStdin(): void;
  /** Sets the terminal's size; nothing without one. */
  resize(columns: number, rows: number): void;
  /**
   * After the process's end: what it wrote is passed on as far as readers take it, what they have not read is
   * left to linger, and all else is let go. Resolves as soon as the exit may be told; never rejects.
   */
  finish(): Promise<void>;
  /** Lets go of everything at once; output that nobody has read is lost. May be called at any time, and twice. */
  close(): void;
}
