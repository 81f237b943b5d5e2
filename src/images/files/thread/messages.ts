import type { OperationName } from './operations';

export interface FileRequest {
  readonly id: number;
  readonly operation: OperationName;
  readonly args: readonly unknown[];
}

export type ToFileThread = FileRequest | 'close';

/** What became of a request. */
export type FileOutcome =
  | { readonly id: number; readonly is: 'done'; readonly result: unknown }
  /** @property code the name of an errno, where the system has refused it */
  | { readonly id: number; readonly is: 'failed'; readonly code: string | undefined; readonly message: string };
