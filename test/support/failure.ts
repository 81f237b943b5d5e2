import type { ServiceError } from '@grpc/grpc-js';

/** The error that a call must end with. Rejects where it succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'details' in error) return error as ServiceError;
    throw error;
  }
  throw new Error(`it should have failed, and answered ${JSON.stringify(answer)}`);
}
