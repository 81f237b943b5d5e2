import { messageOf } from '../../sys/thrown';
import { ImagesError, type ImagesErrorCode } from '../errors';

export interface FailureOptions {
  /** Asked again in a moment, it may go well. */
  readonly isTransient?: boolean;
  /** When the server wants to be asked again, from now on. Milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** What a registry has refused, or failed at. The message has no word of a password, a token or a signed address: it is logged, and sent to clients. */
export class RegistryFailure extends ImagesError {
  readonly isTransient: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: ImagesErrorCode, message: string, { isTransient = false, retryAfterMs, cause }: FailureOptions = {}) {
    super(code, message, { cause });
    this.isTransient = isTransient;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An address as errors name it: without its query, which may be a signature that lets anybody in. */
export function placeOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

/** Of an error of the network, of each address that was tried, without what Node 24 has to say to whoever writes programs for it: whom this machine trusts is known here. */
export function networkWords(error: unknown): string {
  // An AggregateError, which has no words of its own.
  const { errors } = Object(error) as { readonly errors?: unknown };
  return (Array.isArray(errors) ? errors : [error]).map(messageOf).join(', ').replace(/; if the root CA is installed locally.*/s, '');
}
