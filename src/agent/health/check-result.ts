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
