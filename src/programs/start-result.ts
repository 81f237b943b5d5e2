/** What became of a start. */
export type StartResult =
  | { readonly is: 'started'; readonly pid: number }
  /** It goes on. */
  | { readonly is: 'starting' }
  | { readonly is: 'already-started' | 'no-such-process' }
  | { readonly is: 'no-such-file' | 'not-executable' | 'abnormal-termination' | 'spawn-error'; readonly detail: string };
