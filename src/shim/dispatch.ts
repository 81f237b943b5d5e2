import type { ShimRequest, ShimResults } from '../runtime/shim-protocol';
import { abort } from './verbs/abort';
import { adopt } from './verbs/adopt';
import { hello } from './verbs/hello';
import { hold } from './verbs/hold';
import { list } from './verbs/list';
import type { Shim } from './shim';
import { take } from './verbs/take';
import { untilInputEnds } from './verbs/until-input-ends';

type Result = ShimResults[ShimRequest['verb']];

/** Does what a request asks. @throws ShimError, or what else went wrong */
export async function dispatch(shim: Shim, request: ShimRequest): Promise<Result> {
  switch (request.verb) {
    case 'hello':
      return hello(shim, request);
    case 'take':
      if (shim.gate.isClosed) await shim.gate.pass();
      shim.freed.leave();
      return take(shim, request);
    case 'abort':
      return abort(shim, request.dir);
    case 'adopt':
      if (shim.gate.isClosed) await shim.gate.pass();
      return adopt(shim, request);
    case 'untilInputEnds':
      return untilInputEnds(shim, request.dir);
    case 'list':
      return list(shim);
    case 'ping':
      return {};
    case 'hold':
      if (shim.gate.isClosed) await shim.gate.pass();
      return hold(shim, request);
    case 'release':
      shim.held.release(request.name);
      return {};
    case 'held':
      return { sets: shim.held.all };
    case 'upgrade':
      return shim.upgrade(request.command);
  }
}
