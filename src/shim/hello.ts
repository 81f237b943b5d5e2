import { SHIM_PROTOCOL, type ShimArguments, type ShimResults } from '../runtime/shim-protocol';
import { ShimError } from './errors';
import type { Shim } from './shim';
import { VERSION } from './version';

/**
 * Who is there, and what it speaks. A daemon of another version may well call: the protocol's number decides.
 * @throws ShimError `bad-request` for a protocol that is not spoken here
 */
export function hello(shim: Shim, request: ShimArguments['hello']): ShimResults['hello'] {
  if (request.protocol !== SHIM_PROTOCOL) {
    throw new ShimError('bad-request', `this shim speaks protocol ${SHIM_PROTOCOL}, not ${request.protocol}`);
  }
  shim.runtimeCopies.allow(request.copyRuntimes ?? false);
  return { protocol: SHIM_PROTOCOL, version: VERSION, pid: process.pid };
}
