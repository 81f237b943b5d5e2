import { type ServiceError, status } from '@grpc/grpc-js';
import { ImagesError, type ImagesErrorCode } from '../../images/errors';
import { TarError } from '../../images/tar/entry';
import { ProgramError } from '../../programs/errors';
import { RecordsError } from '../../records/errors';
import { RuntimeError } from '../../runtime/errors';
import { SupervisorError } from '../../supervisor/errors';
import { SysError, strerror } from '../../sys/errors';
import { messageOf } from '../../sys/thrown';
import { RequestError } from '../errors';
import { plainGrpcMessage } from '../wire/plain-grpc-message';

/** The one place of this face that gives errors their gRPC status. */
export function statusOf(error: unknown): ServiceError {
  const message = error instanceof SysError && error.path === undefined ? strerror(error.errno) : messageOf(error);
  return Object.assign(new Error(message), { code: codeOf(error), details: message, metadata: plainGrpcMessage(message) });
}

function codeOf(error: unknown): status {
  if (error instanceof RequestError) return status.INVALID_ARGUMENT;
  if (error instanceof ProgramError) return programCode(error);
  if (error instanceof TarError) return status.INVALID_ARGUMENT;
  if (error instanceof ImagesError) return imagesCodes[error.code];
  if (error instanceof RecordsError) return recordsCode(error);
  if (error instanceof RuntimeError) return error.code === 'invalid-name' || error.code === 'bad-message' ? status.INVALID_ARGUMENT : status.UNKNOWN;
  if (error instanceof SysError) return error.code === 'ESRCH' ? status.FAILED_PRECONDITION : status.UNKNOWN;
  return error instanceof SupervisorError ? supervisorCode(error) : status.UNKNOWN;
}

const imagesCodes: Readonly<Record<ImagesErrorCode, status>> = {
  invalid: status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  exists: status.ALREADY_EXISTS,
  precondition: status.FAILED_PRECONDITION,
  'out-of-range': status.OUT_OF_RANGE,
  locked: status.UNAVAILABLE,
  'not-implemented': status.UNIMPLEMENTED,
  failed: status.UNKNOWN,
  'no-answer': status.UNAVAILABLE,
  denied: status.PERMISSION_DENIED,
  registry: status.UNKNOWN,
};

function recordsCode({ code }: RecordsError): status {
  switch (code) {
    case 'not-found':
      return status.NOT_FOUND;
    case 'no-answer':
      return status.UNAVAILABLE;
    case 'unusable':
      return status.FAILED_PRECONDITION;
    case 'exists':
    case 'in-use':
    case 'invalid':
    case 'failed':
      return status.INTERNAL;
  }
}

function programCode({ code }: ProgramError): status {
  switch (code) {
    case 'no-such-process':
      return status.NOT_FOUND;
    case 'invalid-name':
    case 'invalid-definition':
    case 'other-cursor':
      return status.INVALID_ARGUMENT;
    case 'not-running':
    case 'no-output':
    case 'managed':
      return status.FAILED_PRECONDITION;
    case 'running':
      return status.ABORTED;
    case 'already-active':
      return status.ALREADY_EXISTS;
    case 'no-reload':
    case 'failed':
      return status.UNKNOWN;
  }
}

function supervisorCode({ code }: SupervisorError): status {
  switch (code) {
    case 'container-not-found':
    case 'process-not-found':
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
    case 'not-started':
    case 'wrong-state':
    case 'unknown-status':
      return status.FAILED_PRECONDITION;
  }
}
