import { Metadata } from '@grpc/grpc-js';

/** Longer messages are cut: they share a header block with the status, which must arrive. */
const MAX_MESSAGE_BYTES = 8_192;

/**
 * Trailing metadata for an error, with a `grpc-message` of its own that takes the place of the one that grpc-js
 * makes of `details`. That one has its spaces percent-encoded, and clients up to Docker 1.12 show it
 * undecoded and look for texts in it. The gRPC specification (PROTOCOL-HTTP2, Status-Message) leaves printable
 * ASCII but `%` as it is; all else is percent-encoded UTF-8.
 *
 * @param text without a bound; what is beyond 8 KiB when encoded is cut off
 */
export function plainGrpcMessage(text: string): Metadata {
  const metadata = new Metadata();
  metadata.set('grpc-message', encodeGrpcMessage(text));
  return metadata;
}

function encodeGrpcMessage(text: string): string {
  const parts: string[] = [];
  let length = 0;
  // By character, not by byte: a message is never cut within one.
  for (const character of text) {
    const part = /^[ -$&-~]$/.test(character) ? character : percentEncode(character);
    length += part.length;
    if (length > MAX_MESSAGE_BYTES) break;
    parts.push(part);
  }
  return parts.join('');
}

/** A lone surrogate becomes U+FFFD, as in every UTF-8 encoder. */
function percentEncode(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
