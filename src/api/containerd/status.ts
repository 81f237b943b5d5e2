import type { ServiceError } from '@grpc/grpc-js';
import { SupervisorError } from '../../supervisor/errors';
import { messageOf } from '../../sys/thrown';
import { plainGrpcMessage } from '../wire/plain-grpc-message';
import { FaceError } from './errors';

/** The one place of this face that gives errors their gRPC status. */
export function statusOf(error: unknown): ServiceError {
  const known = error instanceof FaceError ? error : faceErrorOf(error);
  const { message } = known;
  return Object.assign(new Error(message), { code: known.code, details: message, metadata: plainGrpcMessage(message) });
}

/** What no verb has put into this API's words. */
function faceErrorOf(error: unknown): FaceError {
  const message = messageOf(error);
  if (!(error instanceof SupervisorError)) return new FaceError('unknown', message, { cause: error });
  switch (error.code) {
    case 'busy':
      return new FaceError('resource-exhausted', message, { cause: error });
    case 'cancelled':
      return new FaceError('cancelled', message, { cause: error });
    case 'log-unavailable':
    case 'shutting-down':
      return new FaceError('unavailable', message, { cause: error });
    case 'fell-behind':
      return new FaceError('data-loss', message, { cause: error });
    case 'container-exists':
    case 'process-exists':
      return new FaceError('already-exists', message, { cause: error });
    case 'container-not-found':
    case 'process-not-found':
    case 'no-such-containers':
      return new FaceError('not-found', message, { cause: error });
    case 'unknown-status':
    case 'not-started':
    case 'wrong-state':
      return new FaceError('unknown', `${message}: unknown`, { cause: error });
  }
}
