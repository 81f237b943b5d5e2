import type { ServerUnaryCall, handleUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import type { Logger } from '../runtime/logger';
import { messageOf } from '../sys/thrown';
import { statusOf } from './status';
import { PEER_FIELD } from './wire/peer-field';

/** What a verb gets beside its request. */
export interface CallInfo {
  /** Aborted when the client goes away or its deadline passes. */
  readonly cancel: AbortSignal;
  /** Who calls, for the log: `pid 12 uid 0`, or `unknown`. */
  readonly peer: string;
}

/** One verb of the API: a request in, an answer out; what it throws becomes the call's status. */
export type Verb<Request, Answer> = (request: Request, info: CallInfo) => Promise<Answer> | Answer;

/** A call as the log names it: verbs that change something are logged with who asked. */
export interface VerbOptions {
  readonly name: string;
  readonly log: Logger;
  readonly changes: boolean;
}

/** Makes a gRPC handler of a verb. It answers exactly once, and never throws. */
export function unary<Request extends object, Answer>(
  options: VerbOptions,
  verb: Verb<Request, Answer>,
): handleUnaryCall<Request, Answer> {
  return (call: ServerUnaryCall<Request, Answer>, callback: sendUnaryData<Answer>) => {
    const cancellation = new Cancellation();
    let answered = false;
    // grpc-js emits this at the end of a call that was answered, too; and an abort makes an exception with a stack.
    call.once('cancelled', () => { if (!answered) cancellation.cancel(); });
    const info: CallInfo = {
      get cancel() {
        return cancellation.signal;
      },
      peer: peerOf(call),
    };
    answer(options, verb, call.request, info).then(
      (value) => {
        answered = true;
        callback(null, value);
      },
      (error: unknown) => {
        answered = true;
        callback(statusOf(error));
      },
    );
  };
}

/** Makes its signal for those who ask: a call that is answered at once has no use for one, and it costs 10 µs. */
class Cancellation {
  #controller: AbortController | undefined;
  #cancelled = false;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#cancelled) this.#controller.abort();
    return this.#controller.signal;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#controller?.abort();
  }
}

/**
 * Where the server has the client's socket, grpc-js knows its peer, and what the request says of it counts for
 * nothing. It does not where a stream repairs the connection: there the field is that stream's word.
 */
function peerOf(call: ServerUnaryCall<unknown, unknown>): string {
  const seen = call.getPeer();
  if (seen !== 'unknown') return seen;
  const [told] = call.metadata.get(PEER_FIELD);
  return typeof told === 'string' ? told : seen;
}

async function answer<Request extends object, Answer>(
  { name, log, changes }: VerbOptions,
  verb: Verb<Request, Answer>,
  request: Request,
  info: CallInfo,
): Promise<Answer> {
  const fields = changes ? { verb: name, peer: info.peer, ...idsOf(request) } : undefined;
  if (fields !== undefined) log.info(fields, 'request');
  try {
    return await verb(request, info);
  } catch (error) {
    if (fields !== undefined) log.info({ ...fields, error: messageOf(error) }, 'request refused');
    throw error;
  }
}

function idsOf(request: object): { readonly id?: unknown; readonly process?: unknown } {
  return {
    ...('id' in request ? { id: request.id } : {}),
    ...('pid' in request && request.pid !== '' ? { process: request.pid } : {}),
  };
}
