import type { HeaderField } from './hpack-table';

/** Tells who sent a request where the server cannot see the client's socket itself. */
export const PEER_FIELD = 'holdfast-peer';

/**
 * The fields of a header block with `peer` as its only such field; trailers, which belong to a request that is told
 * already, get none. What a client sends under that name is dropped: it would be believed.
 */
export function withPeer(fields: readonly HeaderField[], peer: string): readonly HeaderField[] {
  const own = fields.filter(({ name }) => name !== PEER_FIELD);
  const isRequest = own.some(({ name }) => name === ':method');
  return isRequest ? [...own, { name: PEER_FIELD, value: peer, neverIndexed: false }] : own;
}

/** Whether a client sent such a field itself. */
export function claimsPeer(fields: readonly HeaderField[]): boolean {
  return fields.some(({ name }) => name === PEER_FIELD);
}
