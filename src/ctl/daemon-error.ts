import { types } from 'node:util';
import type { ServiceError } from '@grpc/grpc-js';
import { CtlError } from './errors';

/**
 * The status codes of gRPC that need an answer of their own (grpc.io, "Status codes"). Not imported
 * from grpc-js, so that this file can be used without loading it.
 */
const CANCELLED = 1;
const UNKNOWN = 2;
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;

/** Why a connection failed, by the errno that grpc-js puts into its text. Supervisorctl's words. */
const connectFailures: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/ENOENT/, 'no such file'],
  [/ECONNREFUSED/, 'refused connection'],
  [/EACCES|EPERM/, 'permission denied'],
];

function isServiceError(error: unknown): error is ServiceError {
  return types.isNativeError(error) && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

/** No daemon at the address, or one that went away in the middle of a call. */
export function unreachable(details: string, address: string, cause: unknown): CtlError {
  const known = connectFailures.find(([pattern]) => pattern.test(details));
  if (known !== undefined) {
    return new CtlError('unreachable', `${address} ${known[1]}`, {
      cause,
      hint: 'Is holdfastd running? Start it, or name its socket with --address or HOLDFAST_ADDRESS.',
    });
  }
  return new CtlError('unreachable', `lost the daemon at ${address}: ${details}`, {
    cause,
    hint: 'Its containers run on without it. Try again when it is back.',
  });
}

/** The one place where gRPC's errors become ours. Anything else is passed through. */
export function daemonError(error: unknown, address: string): Error {
  if (!isServiceError(error)) return types.isNativeError(error) ? error : new Error(String(error));
  const { details } = error;
  const options = { cause: error };
  const code: number = error.code;
  switch (code) {
    // We cancel nothing without forgetting about it: a daemon that is ended ends its calls like this.
    case CANCELLED:
    case UNAVAILABLE:
      return unreachable(details, address, error);
    case INVALID_ARGUMENT:
      return new CtlError('invalid-argument', details, options);
    case ALREADY_EXISTS:
      return new CtlError('already-started', details, options);
    case NOT_FOUND:
      return new CtlError('no-such-process', details, options);
    case UNIMPLEMENTED:
      return new CtlError('unimplemented', `the daemon does not know this call: ${details}`, options);
    case UNKNOWN:
      return new CtlError(codeOfText(details), details, options);
    default:
      return new CtlError('refused', details, options);
  }
}

/** Nearly all of the API's errors are UNKNOWN; its texts are part of the contract. */
function codeOfText(details: string): 'no-such-process' | 'not-running' | 'refused' {
  if (/container not found|process not found for container/.test(details)) return 'no-such-process';
  // The C library's words for ESRCH, from a signal to a process that has just ended.
  if (/\bno such process\b/i.test(details)) return 'not-running';
  return 'refused';
}
