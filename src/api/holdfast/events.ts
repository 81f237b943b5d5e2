import { type ServerWritableStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { PROGRAMS_NAMESPACE, clientNameOf, parseFullName } from '../../programs/name';
import type { EventSelection, StoredEvent } from '../../supervisor/events/event';
import type { EventPublisher } from '../../supervisor/events/event-publisher';
import { LogFollower, type Reader } from '../../supervisor/events/log-follower';
import type { Event, FollowRequest } from '../gen/holdfast/v1/events';
import { statusOf } from './status';
import { nsOf, timestampOf } from './time';

type Stream = ServerWritableStream<FollowRequest, Event>;

/** Follow: a cursor in the event log. It reads on as fast as it takes what it is sent, and is woken when there is more. */
export class EventStream implements Reader {
  readonly #follower: LogFollower;
  readonly #namespaces: ReadonlySet<string>;

  private constructor(private readonly stream: Stream, publisher: EventPublisher) {
    const { request } = stream;
    this.#namespaces = new Set(request.namespaces);
    this.#follower = new LogFollower(publisher, this, selectionOf(request), fromOf(request, publisher));
    for (const gone of ['cancelled', 'close', 'error'] as const) stream.on(gone, () => { this.#follower.close(); });
    stream.on('drain', () => { this.#follower.goOn(); });
  }

  /** Serves one call of Follow. */
  static serve(stream: Stream, publisher: EventPublisher): void {
    try {
      const events = new EventStream(stream, publisher);
      const { log } = publisher;
      const { after_id: after } = stream.request;
      if (after !== undefined && (events.#follower.missedThroughNs !== undefined || after > log.lastId)) {
        events.#follower.close();
        throw outOfRange(log.firstId ?? log.lastId + 1n, after > log.lastId);
      }
      stream.sendMetadata(new Metadata());
      events.#follower.goOn();
    } catch (error) {
      // grpc-js sends a status where the stream emits an error, not where it is destroyed with one.
      stream.emit('error', isServiceError(error) ? error : statusOf(error));
    }
  }

  isFull(): boolean {
    return this.stream.writableNeedDrain;
  }

  take(event: StoredEvent): void {
    if (this.#namespaces.size > 0 && !this.#namespaces.has(event.namespace)) return;
    this.stream.write(eventMessage(event));
  }

  readThrough(): void {
    if (!this.stream.request.stored_only) return;
    this.#follower.close();
    this.stream.end();
  }

  fail(error: unknown): void {
    this.stream.emit('error', statusOf(error));
  }
}

function selectionOf({ name, namespaces }: FollowRequest): EventSelection {
  const [only] = namespaces;
  if (name === '') return namespaces.length === 1 && only !== undefined ? { namespace: only } : {};
  const { namespace, id } = parseFullName(name) ?? { namespace: PROGRAMS_NAMESPACE, id: name };
  return { namespace, containerId: id };
}

function fromOf({ after_id: after, since, stored_only: storedOnly }: FollowRequest, { log }: EventPublisher): bigint | undefined {
  if (after !== undefined) return log.cursorAfter(after);
  if (since !== undefined) return nsOf(since) - 1n;
  return storedOnly ? 0n : undefined;
}

function eventMessage(event: StoredEvent): Event {
  const { eventId: id, timestampNs, type, namespace, containerId: container, processId: process, status: exitStatus, pid = 0, by, detail } = event;
  return {
    id,
    time: timestampOf(timestampNs),
    type,
    namespace,
    container,
    name: container === '' ? '' : clientNameOf({ namespace, id: container }, false),
    process,
    exit_status: exitStatus,
    pid,
    by,
    // A client's own event is of another API, in bytes.
    detail: detail === undefined || detail instanceof Uint8Array ? '' : JSON.stringify(detail),
  };
}

function outOfRange(firstId: bigint, isAhead: boolean): ServiceError {
  const message = isAhead ? `the event log has begun anew since: its newest event is ${String(firstId)} or later` : `events before ${String(firstId)} are no longer kept`;
  return Object.assign(new Error(message), { code: status.OUT_OF_RANGE, details: message, metadata: new Metadata() });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}
