import { SHIM_PROTOCOL, type ShimArguments, type ShimResults } from '../runtime/shim-protocol';
import { ShimError } from './errors';
import { VERSION } from './version';

/**
 * Who is there, and what it speaks. A daemon of another version may well call: the protocol's number decides.
 * @throws ShimError `bad-request` for a protocol that is not spoken here
 */
export function hello(request: ShimArguments['hello']): ShimResults['hello'] {
  if (request.protocol !== SHIM_PROTOCOL) {
    throw new ShimError('bad-request', `this shim speaks protocol ${SHIM_PROTOCOL}, not ${request.protocol}`);
  }
  return { protocol: SHIM_PROTOCOL, version: VERSION, pid: process.pid };
}
