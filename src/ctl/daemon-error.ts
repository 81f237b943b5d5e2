import { types } from 'node:util';
import type { ServiceError } from '@grpc/grpc-js';
import { CtlError, type CtlErrorCode } from './errors';
import { exitStatus } from './exit-status';

/**
 * The status codes of gRPC that need an answer of their own (grpc.io, "Status codes"). Not imported
 * from grpc-js, so that this file can be used without loading it.
 */
const CANCELLED = 1;
const UNKNOWN = 2;
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const FAILED_PRECONDITION = 9;
const OUT_OF_RANGE = 11;
const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;

interface ConnectFailure {
  readonly pattern: RegExp;
  /** supervisorctl's words. */
  readonly words: string;
  readonly hint: string;
  readonly exitStatus: number;
}

/** Why a connection failed, by what grpc-js puts into its text. */
const connectFailures: readonly ConnectFailure[] = [
  {
    pattern: /ENOENT/,
    words: 'no such file',
    hint: 'holdfastd does not run, or has another socket: systemctl start holdfast, or -s, or HOLDFAST_ADDRESS',
    exitStatus: exitStatus.notRunning,
  },
  {
    pattern: /ECONNREFUSED/,
    words: 'refused connection',
    hint: 'holdfastd has ended and left its socket; programs run on. Start it: systemctl start holdfast',
    exitStatus: exitStatus.refused,
  },
  {
    pattern: /EACCES|EPERM/,
    words: 'permission denied',
    hint: `Only root and the socket's group may connect (you are uid ${String(process.getuid?.() ?? 0)}). Try: sudo holdfastctl …`,
    exitStatus: exitStatus.refused,
  },
  {
    pattern: /protocol error|PROTOCOL_ERROR|NGHTTP2|ENOPROTOOPT|ERR_HTTP2/i,
    words: "does not speak Holdfast's protocol",
    hint: 'Something else listens there: see -s and HOLDFAST_ADDRESS.',
    exitStatus: exitStatus.refused,
  },
];

function isServiceError(error: unknown): error is ServiceError {
  return types.isNativeError(error) && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

/** No daemon at the address, or one that went away in the middle of a call. */
export function unreachable(details: string, address: string, cause: unknown): CtlError {
  const known = connectFailures.find(({ pattern }) => pattern.test(details));
  if (known !== undefined) {
    return new CtlError('unreachable', `${address} ${known.words}`, { cause, hint: known.hint, exitStatus: known.exitStatus });
  }
  return new CtlError('unreachable', `lost the daemon at ${address}: ${details}`, {
    cause,
    hint: 'Its containers run on without it. Try again when it is back.',
  });
}

/** Codes of gRPC whose text is the daemon's own. */
const codes: Readonly<Record<number, CtlErrorCode>> = {
  [INVALID_ARGUMENT]: 'invalid-argument',
  [ALREADY_EXISTS]: 'already-started',
  [NOT_FOUND]: 'no-such-process',
  [FAILED_PRECONDITION]: 'not-running',
  [OUT_OF_RANGE]: 'refused',
  [UNKNOWN]: 'refused',
};

/** The one place where gRPC's errors become ours. Anything else is passed through. */
export function daemonError(error: unknown, address: string): Error {
  if (!isServiceError(error)) return types.isNativeError(error) ? error : new Error(String(error));
  const { details } = error;
  const code: number = error.code;
  switch (code) {
    // We cancel nothing without forgetting about it: a daemon that is ended ends its calls like this.
    case CANCELLED:
    case UNAVAILABLE:
      return unreachable(details, address, error);
    case UNIMPLEMENTED:
      return new CtlError('unimplemented', `the daemon at ${address} does not know this call: ${details}`, {
        cause: error,
        hint: 'It is older than this holdfastctl, or another program: holdfastctl version tells.',
      });
    default:
      return new CtlError(codes[code] ?? 'refused', details, { cause: error });
  }
}
