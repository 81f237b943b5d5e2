import type { ShimRequest, ShimResults } from '../runtime/shim-protocol';
import { abort } from './abort';
import { adopt } from './adopt';
import { hello } from './hello';
import { list } from './list';
import type { Shim } from './shim';
import { take } from './take';

/** Does what a request asks. @throws ShimError, or what else went wrong */
export function dispatch(shim: Shim, request: ShimRequest): ShimResults[ShimRequest['verb']] | Promise<ShimResults['take' | 'abort']> {
  switch (request.verb) {
    case 'hello':
      return hello(shim, request);
    case 'take':
      return take(shim, request);
    case 'abort':
      return abort(shim, request.dir);
    case 'adopt':
      return adopt(shim, request);
    case 'list':
      return list(shim);
    case 'ping':
      return {};
  }
}
