import { types } from 'node:util';
import { CtlError, type CtlErrorCode } from '../errors';
import { exitStatus } from '../exit-status';
import { GrpcError, Status } from '../grpc/status';

interface ConnectFailure {
  readonly pattern: RegExp;
  /** supervisorctl's words. */
  readonly words: string;
  readonly hint: string;
  readonly exitStatus: number;
}

/** Why a connection failed, by what is in its text. */
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
];

/** No daemon at the address, or one that went away in the middle of a call. */
export function unreachable(details: string, address: string, cause: unknown): CtlError {
  const known = connectFailures.find(({ pattern }) => pattern.test(details));
  if (/protocol error|PROTOCOL_ERROR|NGHTTP2|ENOPROTOOPT|ERR_HTTP2/i.test(details)) return unspeaking(address, cause);
  if (known !== undefined) {
    return new CtlError('unreachable', `${address} ${known.words}`, { cause, hint: known.hint, exitStatus: known.exitStatus });
  }
  return new CtlError('unreachable', `lost the daemon at ${address}: ${details}`, {
    cause,
    hint: 'Its containers run on without it. Try again when it is back.',
  });
}

/** Somebody answers there who is no Holdfast. */
export function unspeaking(address: string, cause: unknown): CtlError {
  const hint = 'Something else listens there: see -s and HOLDFAST_ADDRESS.';
  return new CtlError('unreachable', `${address} does not speak Holdfast's protocol`, { cause, hint, exitStatus: exitStatus.refused });
}

/** Codes of gRPC whose text is the daemon's own. */
const codes: Readonly<Record<number, CtlErrorCode>> = {
  [Status.invalidArgument]: 'invalid-argument',
  [Status.alreadyExists]: 'already-started',
  [Status.notFound]: 'no-such-process',
  [Status.failedPrecondition]: 'not-running',
  [Status.outOfRange]: 'refused',
  [Status.unimplemented]: 'unimplemented',
  [Status.unknown]: 'refused',
};

/** The one place where gRPC's errors become ours. Anything else is passed through. */
export function daemonError(error: unknown, address: string): Error {
  if (!(error instanceof GrpcError)) return types.isNativeError(error) ? error : new Error(String(error));
  const { code, details } = error;
  switch (code) {
    // We cancel nothing without forgetting about it: a daemon that is ended ends its calls like this.
    case Status.cancelled:
    case Status.unavailable:
      return unreachable(details, address, error);
    default:
      return new CtlError(codes[code] ?? 'refused', details, { cause: error });
  }
}
