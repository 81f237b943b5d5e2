import { type ServerWritableStream, Metadata } from '@grpc/grpc-js';
import type { StoredEvent } from '../../../supervisor/events/event';
import type { EventPublisher } from '../../../supervisor/events/event-publisher';
import { LogFollower, type Reader } from '../../../supervisor/events/log-follower';
import type { SubscriptionReader } from '../../../supervisor/events/subscriptions';
import { readProcStat } from '../../../sys/process/proc-stat';
import { messageOf } from '../../../sys/thrown';
import type { SubscribeRequest } from '../../gen/containerd/services/events/v1/events';
import type { Envelope } from '../../gen/containerd/types/envelope';
import { peerOf } from '../../call';
import { FaceError } from '../errors';
import { type Filter, matches, parseFilters } from '../filter/filter';
import { statusOf } from '../status';
import { envelopeOf, fieldsOf } from './envelope';
import { onlyNamespace, taskSubscription } from './subscription';

type Stream = ServerWritableStream<SubscribeRequest, Envelope>;

/**
 * Subscribe: what is told from now on, of all namespaces where no filter says otherwise; whatever namespace the call's header names. Who
 * waits for the exits of a namespace's tasks is first sent those that nobody has been sent who asked in the same words.
 */
export class EnvelopeStream implements Reader {
  readonly #follower: LogFollower;
  readonly #subscription: SubscriptionReader | undefined;

  private constructor(private readonly stream: Stream, publisher: EventPublisher, private readonly filters: readonly Filter[]) {
    const namespace = onlyNamespace(filters);
    // First, so that nothing is told between what was held and what follows.
    this.#follower = new LogFollower(publisher, this, namespace === undefined ? {} : { namespace });
    const subscription = taskSubscription(stream.request.filters, filters);
    this.#subscription = subscription && publisher.subscriptions.enter(subscription.name, subscription.namespace, clientOf(stream));
    for (const gone of ['cancelled', 'close', 'error'] as const) stream.on(gone, () => { this.#close(); });
    stream.on('drain', () => { this.#follower.goOn(); });
  }

  /** Serves one call of Subscribe. Response headers go out at once, before the first event. */
  static serve(stream: Stream, publisher: EventPublisher): void {
    try {
      const events = new EnvelopeStream(stream, publisher, filtersOf(stream.request));
      stream.sendMetadata(new Metadata());
      events.#replay();
    } catch (error) {
      stream.emit('error', statusOf(error));
    }
  }

  isFull(): boolean {
    return this.stream.writableNeedDrain;
  }

  take(event: StoredEvent): void {
    const envelope = envelopeOf(event);
    if (envelope === undefined || !matches(this.filters, fieldsOf(envelope))) return;
    if (this.#subscription === undefined || !isHeld(event)) this.stream.write(envelope);
    // Called when the kernel has it: then it reaches a client that lives, also if this process does not.
    else this.stream.write(envelope, (error?: Error | null) => { if (!(error instanceof Error)) this.#subscription?.sent(event); });
  }

  fail(error: unknown): void {
    this.#close();
    this.stream.emit('error', statusOf(error));
  }

  #replay(): void {
    try {
      for (const event of this.#subscription?.held() ?? []) this.take(event);
    } catch (error) {
      this.fail(error);
    }
  }

  #close(): void {
    this.#follower.close();
    this.#subscription?.close();
  }
}

function filtersOf({ filters }: SubscribeRequest): readonly Filter[] {
  try {
    return parseFilters(filters);
  } catch (error) {
    throw new FaceError('unknown', `subscription error: failed parsing subscription filters: ${messageOf(error)}: invalid argument`, { cause: error });
  }
}

/** The process that connected, told from any other that ever has its number; undefined where it cannot be known. */
function clientOf(stream: Stream): string | undefined {
  const pid = Number(/^pid ([1-9]\d*) /.exec(peerOf(stream))?.[1]);
  const starttime = Number.isNaN(pid) ? undefined : readProcStat(pid)?.starttime;
  return starttime === undefined ? undefined : `${String(pid)} ${starttime}`;
}

function isHeld({ type }: StoredEvent): boolean {
  return type === 'exit' || type === 'oom' || type === 'delete';
}
