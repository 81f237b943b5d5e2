import { constants } from 'node:os';
import { strerror } from '../../sys/errors';
import { errorCodeOf, messageOf } from '../../sys/thrown';

/** What a health check says. */
export interface CheckResult {
  readonly isWell: boolean;
  /** What is not as it is to be; empty where it is well. */
  readonly detail: string;
}

export const well: CheckResult = { isWell: true, detail: '' };

export function failing(detail: string): CheckResult {
  return { isWell: false, detail };
}

/** Why a connection failed, in the C library's words where it is the kernel that refused it; of a name with several addresses the first one's. */
export function connectionWords(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const errno = new Map(Object.entries(constants.errno)).get(errorCodeOf(first) ?? '');
  return errno === undefined ? messageOf(first) : strerror(errno);
}
