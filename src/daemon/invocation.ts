import type { Settings } from './settings';

/** What a start of the program asks for. */
export type Invocation =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'print'; readonly text: string }
  /** `warnings`: what the configuration has and this daemon has no use for, a line each. */
  | { readonly kind: 'run'; readonly settings: Settings; readonly warnings: readonly string[] };
