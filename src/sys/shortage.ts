import { errorCodeOf } from './thrown';

/** errno(3), of calls that succeed once somebody else has let go of something. EAGAIN: of fork(2), no more processes. */
const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOSPC', 'EDQUOT', 'ENOMEM', 'EAGAIN']);
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Whether the error says, or was caused by one that says, that descriptors, processes, memory or room on the disk have run out.
 * It says nothing of what was asked for: where that matters, ask again later.
 */
export function isShortage(error: unknown): boolean {
  return isOneOf(SHORTAGES, error);
}

/** Whether it is room on the disk that has run out: what can do without its file goes on. */
export function isFull(error: unknown): boolean {
  return isOneOf(FULL, error);
}

function isOneOf(codes: ReadonlySet<string>, error: unknown): boolean {
  for (let cause = error; typeof cause === 'object' && cause !== null; cause = causeOf(cause)) {
    if (codes.has(errorCodeOf(cause) ?? '')) return true;
  }
  return false;
}

function causeOf(error: object): unknown {
  return 'cause' in error ? error.cause : undefined;
}
