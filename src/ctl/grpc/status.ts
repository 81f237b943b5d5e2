/** The status codes of gRPC that this client gives itself, or tells apart (grpc.io, "Status codes"). */
export const Status = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** A call that has failed: by the server's word, or because there is no server any more. */
export class GrpcError extends Error {
  /**
   * @param code of gRPC, the server's own where it has one
   * @param details in words; of a connection that failed, those of the kernel, with its errno's name
   */
  constructor(readonly code: number, readonly details: string, options: { readonly cause?: unknown } = {}) {
    super(details, options);
    this.name = 'GrpcError';
  }
}

/** What proxies and other servers mean, that answer without a status of gRPC (grpc/doc/http-grpc-status-mapping.md). */
const ofHttp: Readonly<Record<number, number>> = {
  400: Status.internal,
  401: Status.unauthenticated,
  403: Status.permissionDenied,
  404: Status.unimplemented,
  429: Status.unavailable,
  502: Status.unavailable,
  503: Status.unavailable,
  504: Status.unavailable,
};

/** Of a stream that ended with HTTP alone. */
export function statusOfHttp(httpStatus: number): number {
  return ofHttp[httpStatus] ?? Status.unknown;
}

/** RFC 9113, section 7, and what gRPC makes of it (PROTOCOL-HTTP2.md, "Errors"). */
const ofReset: Readonly<Record<number, number>> = {
  0x7: Status.unavailable, // REFUSED_STREAM
  0x8: Status.cancelled, // CANCEL
  0xb: Status.resourceExhausted, // ENHANCE_YOUR_CALM
  0xc: Status.permissionDenied, // INADEQUATE_SECURITY
};

/** Of a stream that was reset. @param code of RST_STREAM */
export function statusOfReset(code: number): number {
  return ofReset[code] ?? Status.internal;
}

/** A `grpc-message` is percent-encoded UTF-8; what is not is taken as it is, as the specification wants it. */
export function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
