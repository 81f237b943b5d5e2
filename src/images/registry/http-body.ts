import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { within } from '../../sys/within';
import { RegistryFailure } from './failure';

/** What is sent piece by piece. */
export interface HttpBody {
  /** Bytes, of all pieces. */
  readonly size: number;
  /** From the first on: a server may send us elsewhere. A piece has been taken when the next one is asked for. */
  pieces(): AsyncIterable<Uint8Array>;
}

/** Who does not know `Expect` says nothing, and waits for the bytes (RFC 9110, 10.1.1). */
const expectMs = 1_000;
/** A server that refuses this much may do so before it has come. Less is sent at once. */
const expectBytes = 1 << 20;

/** What a body has to be announced with. */
export function bodyHeaders({ size }: HttpBody): Readonly<Record<string, string>> {
  return { 'content-length': String(size), ...(size >= expectBytes ? { expect: '100-continue' } : {}) };
}

export interface Sending {
  /** Settles with the answer, or what the request has failed with. */
  readonly answered: Promise<IncomingMessage>;
  /** How long nothing may be taken. Milliseconds. */
  readonly idleMs: number;
  /** Whose word an error is. */
  readonly from: string;
}

/** Sends all of it, as fast as it is taken, but for a server that answers before that: it wants no more. @throws RegistryFailure where nothing is taken, what `pieces` throws */
export async function sendBody(asked: ClientRequest, body: HttpBody, { answered, idleMs, from }: Sending): Promise<void> {
  let isOver = false;
  const over = answered.then(() => undefined, () => undefined).then(() => { isOver = true; });
  // The connection is of no more use: the server would take the next question for the rest of this.
  const leave = (): void => { void answered.then((response) => { response.once('close', () => { asked.destroy(); }); }, () => undefined); };
  if (asked.getHeader('expect') !== undefined) await within(expectMs, Promise.race([once(asked, 'continue'), over]), undefined);
  // Nothing is read for nobody.
  if (isOver) return leave();
  for await (const piece of body.pieces()) {
    if (isOver) return leave();
    if (asked.write(piece)) continue;
    const drained = new Promise<boolean>((resolve) => { asked.once('drain', () => { resolve(true); }); });
    if (!(await within(idleMs, Promise.race([drained, over.then(() => true)]), false))) throw new RegistryFailure('registry', `${from}: nothing has been taken for ${String(idleMs / 1000)} s`);
  }
  if (isOver) leave();
  else asked.end();
}
