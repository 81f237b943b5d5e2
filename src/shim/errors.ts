import { RuntimeError } from '../runtime/errors';
import type { ShimErrorCode } from '../runtime/shim-protocol';
import { messageOf } from '../sys/thrown';

/** The error of this room: why a request failed. The message is whole, in words that a client may be shown. */
export class ShimError extends Error {
  override readonly name = 'ShimError';

  constructor(
    readonly code: ShimErrorCode,
    message: string,
    options?: { readonly cause: unknown },
  ) {
    super(message, options);
  }
}

/** Any error as one of this room's: what has no reason of its own is a failure of the shim's. */
export function asShimError(error: unknown): ShimError {
  if (error instanceof ShimError) return error;
  return new ShimError(codeOf(error), messageOf(error), { cause: error });
}

function codeOf(error: unknown): ShimErrorCode {
  if (!(error instanceof RuntimeError)) return 'shim-error';
  if (error.code === 'bad-message') return 'bad-request';
  return error.code === 'runtime-not-installed' ? 'runtime-not-installed' : 'shim-error';
}
