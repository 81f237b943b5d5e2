/** What can be wrong with the bytes of a connection. Stable: they go into the log. */
export type WireErrorCode =
  | 'bad-preface'
  | 'handshake-timeout'
  | 'bad-frame'
  | 'bad-frame-size'
  | 'bad-header-compression'
  | 'header-block-too-large';

/** The HTTP/2 error code (RFC 9113, section 7) that the peer is told for each of them. */
const http2ErrorCodes: Readonly<Record<WireErrorCode, number>> = {
  'bad-preface': 0x1,
  'handshake-timeout': 0x1,
  'bad-frame': 0x1,
  'bad-frame-size': 0x6,
  'bad-header-compression': 0x9,
  'header-block-too-large': 0xb,
};

/** A connection whose bytes are malformed or exceed a bound. It ends that one connection, nothing else. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;
  /** The error code for the GOAWAY frame. */
  readonly http2Code: number;

  constructor(code: WireErrorCode, message: string) {
    super(message);
    this.code = code;
    this.http2Code = http2ErrorCodes[code];
  }
}
