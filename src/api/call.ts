import { Metadata, type ServerDuplexStream, type ServerUnaryCall, type ServerWritableStream, type ServiceError, type handleBidiStreamingCall, type handleServerStreamingCall, type handleUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { Logger } from '../runtime/logger';
import { messageOf } from '../sys/thrown';
import { PEER_FIELD } from './wire/peer-field';

/** What a verb gets beside its request. */
export interface CallInfo {
  /** Aborted when the client goes away or its deadline passes. */
  readonly cancel: AbortSignal;
  /** Who calls, for the log: `pid 12 uid 0`, or `unknown`. */
  readonly peer: string;
  /** The call's headers. */
  readonly metadata: Metadata;
}

/** One verb of the API: a request in, an answer out; what it throws becomes the call's status. */
export type Verb<Request, Answer> = (request: Request, info: CallInfo) => Promise<Answer> | Answer;

/** A call as the log names it: verbs that change something are logged with who asked. */
export interface VerbOptions {
  readonly name: string;
  readonly log: Logger;
  readonly changes: boolean;
  /** The face's words and code for what a verb throws. */
  readonly statusOf: (error: unknown) => ServiceError;
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
      metadata: call.metadata,
    };
    answer(options, verb, call.request, info).then(
      (value) => {
        answered = true;
        callback(null, value);
      },
      (error: unknown) => {
        answered = true;
        callback(options.statusOf(error));
      },
    );
  };
}

/** Sends a message on a stream. */
export interface Send<Message> {
  (message: Message): void;
  /** Resolves when the client has taken enough of what was sent for more, or is gone. */
  untilRoom(): Promise<void>;
}

/** A verb that answers piece by piece: the stream ends when it is done. What it throws becomes the call's status. */
export type StreamVerb<Request, Message> = (request: Request, info: CallInfo, send: Send<Message>) => Promise<void>;

/** Makes a gRPC handler of a verb that streams. The headers go out at once. */
export function serverStream<Request extends object, Message>(
  options: VerbOptions,
  verb: StreamVerb<Request, Message>,
): handleServerStreamingCall<Request, Message> {
  return (stream) => {
    const cancellation = new Cancellation();
    let isOver = false;
    for (const gone of ['cancelled', 'close', 'error'] as const) {
      stream.once(gone, () => {
        if (!isOver) cancellation.cancel();
        isOver = true;
      });
    }
    const info: CallInfo = {
      get cancel() {
        return cancellation.signal;
      },
      peer: peerOf(stream),
      metadata: stream.metadata,
    };
    stream.sendMetadata(new Metadata());
    answer(options, (request: Request) => verb(request, info, senderTo(stream, () => isOver)), stream.request, info).then(
      () => {
        if (!isOver) stream.end();
        isOver = true;
      },
      (error: unknown) => {
        if (!isOver) stream.emit('error', options.statusOf(error));
        isOver = true;
      },
    );
  };
}

/** A verb that is sent messages as it answers them: the stream ends when it is done. What it throws becomes the call's status. */
export type DuplexVerb<Request, Message> = (requests: AsyncIterable<Request>, info: CallInfo, send: Send<Message>) => Promise<void>;

/** Makes a gRPC handler of a verb that streams both ways. The next request is taken from the client when the verb asks for it. */
export function duplexStream<Request extends object, Message>(
  options: VerbOptions,
  verb: DuplexVerb<Request, Message>,
): handleBidiStreamingCall<Request, Message> {
  return (stream) => {
    const cancellation = new Cancellation();
    let isOver = false;
    for (const gone of ['cancelled', 'close', 'error'] as const) {
      stream.once(gone, () => {
        if (!isOver) cancellation.cancel();
        isOver = true;
      });
    }
    const info: CallInfo = {
      get cancel() {
        return cancellation.signal;
      },
      peer: peerOf(stream),
      metadata: stream.metadata,
    };
    answer(options, () => verb(requestsOf(stream, () => isOver), info, senderTo(stream, () => isOver)), {}, info).then(
      () => {
        if (!isOver) stream.end();
        isOver = true;
      },
      (error: unknown) => {
        if (!isOver) stream.emit('error', options.statusOf(error));
        isOver = true;
      },
    );
  };
}

/** Node's own iterator would destroy the stream where it is left early, and the call's status with it. */
async function* requestsOf<Request, Message>(stream: ServerDuplexStream<Request, Message>, isOver: () => boolean): AsyncGenerator<Request> {
  let hasEnded = false;
  let wake: () => void = () => undefined;
  stream.once('end', () => { hasEnded = true; });
  for (const event of ['readable', 'end', 'cancelled', 'close', 'error'] as const) stream.on(event, () => { wake(); });
  for (;;) {
    const more = new Promise<void>((resolve) => { wake = resolve; });
    const request = stream.read() as Request | null;
    if (request !== null) yield request;
    else if (hasEnded || isOver()) return;
    else await more;
  }
}

function senderTo<Request, Message>(stream: ServerWritableStream<Request, Message> | ServerDuplexStream<Request, Message>, isOver: () => boolean): Send<Message> {
  const send = (message: Message): void => {
    if (!isOver()) stream.write(message);
  };
  const untilRoom = async (): Promise<void> => {
    if (isOver() || !stream.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      for (const event of ['drain', 'cancelled', 'close', 'error'] as const) stream.once(event, () => { resolve(); });
    });
  };
  return Object.assign(send, { untilRoom });
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
export function peerOf(call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>): string {
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

function idsOf(request: object): { readonly id?: unknown; readonly ids?: unknown; readonly process?: unknown } {
  return {
    ...('id' in request ? { id: request.id } : {}),
    ...('name' in request ? { id: request.name } : {}),
    ...('names' in request ? { ids: request.names } : {}),
    ...('pid' in request && request.pid !== '' ? { process: request.pid } : {}),
    ...('process' in request && request.process !== '' ? { process: request.process } : {}),
  };
}
