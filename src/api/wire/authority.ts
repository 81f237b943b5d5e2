import type { HeaderField } from './hpack-table';

/** What takes the place of an `:authority` that Node's HTTP/2 refuses. Nothing in the daemon reads it. */
export const REPAIRED_AUTHORITY = 'localhost';

/**
 * Whether Node's HTTP/2 (nghttp2) lets a request with this `:authority` through, on every Node that this runs on. It takes the characters
 * of RFC 3986's authority and `%`, and not the slashes of a socket's path; that of Node 24 takes no `@` any more.
 */
export function isAcceptedAuthority(value: string): boolean {
  return /^[A-Za-z0-9\-._~!$&'()*+,;=:[\]%]+$/.test(value);
}

/**
 * The fields of a header block with an `:authority` that is accepted. The same array where there is nothing to
 * repair: a good authority, or none but a good `host`, or no request at all (trailers have no pseudo-fields).
 */
export function repairAuthority(fields: readonly HeaderField[]): readonly HeaderField[] {
  const has = (wanted: string): boolean => fields.some(({ name }) => name === wanted);
  if (!has(':method')) return fields;
  const repaired: HeaderField = { name: ':authority', value: REPAIRED_AUTHORITY, neverIndexed: false };
  if (has(':authority')) {
    const isBad = ({ name, value }: HeaderField): boolean => name === ':authority' && !isAcceptedAuthority(value);
    return fields.some(isBad) ? fields.map((field) => (isBad(field) ? repaired : field)) : fields;
  }
  // Without an authority nghttp2 judges the host in its place, and refuses a request that has neither.
  const isGoodHost = ({ name, value }: HeaderField): boolean => name === 'host' && isAcceptedAuthority(value);
  return fields.some(isGoodHost) ? fields : [repaired, ...fields];
}
