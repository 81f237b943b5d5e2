import { type ServiceError, status } from '@grpc/grpc-js';
import { RuntimeError } from '../../runtime/errors';
import { SupervisorError } from '../../supervisor/errors';
import { SysError, strerror } from '../../sys/errors';
import { messageOf } from '../../sys/thrown';
import { RequestError } from '../errors';
import { plainGrpcMessage } from '../wire/plain-grpc-message';

/**
 * The one place that gives errors their gRPC status. Clients of this API look at the
 * texts; the code is UNKNOWN wherever the contract does not name another.
 */
export function statusOf(error: unknown): ServiceError {
  const message = wordsOf(error);
  const metadata = plainGrpcMessage(message);
  return Object.assign(new Error(message), { code: codeOf(error), details: message, metadata });
}

function codeOf(error: unknown): status {
  if (error instanceof RequestError) return status.INVALID_ARGUMENT;
  if (error instanceof RuntimeError) return error.code === 'invalid-name' ? status.INVALID_ARGUMENT : status.UNKNOWN;
  if (!(error instanceof SupervisorError)) return status.UNKNOWN;
  switch (error.code) {
    case 'no-such-containers':
      return status.NOT_FOUND;
    case 'container-exists':
    case 'process-exists':
      return status.ALREADY_EXISTS;
    case 'busy':
      return status.RESOURCE_EXHAUSTED;
    case 'cancelled':
      return status.CANCELLED;
    case 'log-unavailable':
    case 'shutting-down':
      return status.UNAVAILABLE;
    case 'fell-behind':
      return status.DATA_LOSS;
    case 'container-not-found':
    case 'process-not-found':
    case 'unknown-status':
    case 'not-started':
    case 'wrong-state':
      return status.UNKNOWN;
  }
}

/** An errno in the C library's words alone, as clients look for them: `no such process`. */
function wordsOf(error: unknown): string {
  return error instanceof SysError && error.path === undefined ? strerror(error.errno) : messageOf(error);
}

