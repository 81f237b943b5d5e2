import { OLDEST_SHIM_PROTOCOL, SHIM_PROTOCOL, type ShimArguments, type ShimResults } from '../../runtime/shim-protocol';
import { ShimError } from '../errors';
import type { Shim } from '../shim';
import { VERSION } from '../version';

/**
 * Who is there, and what both speak. A daemon of another version may well call: the protocols decide.
 * @throws ShimError `bad-request` where there is none that both speak
 */
export function hello(shim: Shim, request: ShimArguments['hello']): ShimResults['hello'] {
  const { protocol: oldest, newestProtocol: newest = oldest } = request;
  const protocol = Math.min(newest, SHIM_PROTOCOL);
  if (protocol < Math.max(oldest, OLDEST_SHIM_PROTOCOL)) {
    throw new ShimError('bad-request', `this shim speaks protocols ${OLDEST_SHIM_PROTOCOL} to ${SHIM_PROTOCOL}, not ${oldest} to ${newest}`);
  }
  shim.runtimeCopies.allow(request.copyRuntimes ?? false);
  return { protocol, version: VERSION, pid: process.pid };
}
