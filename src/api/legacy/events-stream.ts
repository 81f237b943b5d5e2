import { type ServerWritableStream, Metadata } from '@grpc/grpc-js';
import type { EventPublisher } from '../../supervisor/events/event-publisher';
import { LEGACY_NAMESPACE } from '../../runtime/state-dir/container-key';
import { type StoredEvent, isLegacyType } from '../../supervisor/events/event';
import { LogFollower, type Reader } from '../../supervisor/events/log-follower';
import { SupervisorError } from '../../supervisor/errors';
import { containerId } from './check';
import { RequestError } from '../errors';
import type { Event, EventsRequest } from '../gen/legacy/api';
import { eventMessage } from './messages';
import { statusOf } from './status';

const nsPerSecond = 1_000_000_000n;
const nsPerMs = 1_000_000n;

/** In the headers of a replay that is not whole: the time up to which events may be missing, `<seconds>.<nanoseconds>` since 1970. */
export const missedThroughHeader = 'holdfast-events-missed-through';

type Stream = ServerWritableStream<EventsRequest, Event>;

/**
 * Events: a subscriber is a cursor in the log. It reads on as fast as it takes what
 * it is sent, and is woken when there is more; one that falls behind what the log
 * retains gets an error, not silence.
 */
export class EventsStream implements Reader {
  readonly #follower: LogFollower;
  /** A client that takes events for history until it has seen one of type `live`, which it has not been sent. */
  #awaitsLive: boolean;
  /** What was asked for is not all there any more. */
  readonly #isPartial: boolean;

  private constructor(private readonly stream: Stream, publisher: EventPublisher, fromNs: bigint | undefined) {
    const { id, storedOnly } = stream.request;
    this.#awaitsLive = !storedOnly && isOfTheFirstDays(stream.request);
    const selection = { namespace: LEGACY_NAMESPACE, ...(id === '' ? {} : { containerId: id }) };
    this.#follower = new LogFollower(publisher, this, selection, fromNs);
    this.#isPartial = this.#follower.missedThroughNs !== undefined;
    // A client that dies is gone at once, with its cursor.
    for (const gone of ['cancelled', 'close', 'error'] as const) stream.on(gone, () => { this.#follower.close(); });
    stream.on('drain', () => { this.#follower.goOn(); });
  }

  /** Serves one call of Events. Response headers go out at once, before the first event. */
  static serve(stream: Stream, publisher: EventPublisher): void {
    try {
      const { id, storedOnly } = stream.request;
      if (id !== '') containerId(id);
      const fromNs = fromOf(stream.request);
      if (storedOnly && fromNs === undefined) {
        throw new RequestError('invalid parameter: StoredOnly cannot be specified without setting a valid Timestamp', 'timestamp');
      }
      const events = new EventsStream(stream, publisher, fromNs);
      stream.sendMetadata(headersOf(events.#follower.missedThroughNs));
      events.#follower.goOn();
    } catch (error) {
      // grpc-js sends a status where the stream emits an error, not where it is destroyed with one.
      stream.emit('error', statusOf(error));
    }
  }

  isFull(): boolean {
    return this.stream.writableNeedDrain;
  }

  take(event: StoredEvent): void {
    // The API has none of the events that the others have beside its own.
    if (isLegacyType(event.type)) this.stream.write(eventMessage(event));
  }

  readThrough(): void {
    if (this.#awaitsLive) this.#sayLive();
    if (!this.stream.request.storedOnly) return;
    this.#follower.close();
    if (this.#mustFail()) this.fail(new SupervisorError('fell-behind', {}));
    else this.stream.end();
  }

  fail(error: unknown): void {
    this.stream.emit('error', statusOf(error));
  }

  /**
   * A replay that is not whole ends with an error, where it was asked for since some event. Not that of one container: dockerd asks for
   * the last end of each, which is always there. Nor one that goes on: dockerd would ask again at once, from the same time for as long as it is told of no container
   * that it knows, for ever (libcontainerd/remote_unix.go, handleEventStream). Nor one since 1970, which is the time of no event: that
   * asks for what there is. All have the header.
   */
  #mustFail(): boolean {
    return this.#isPartial && this.stream.request.id === '' && (fromOf(this.stream.request) ?? 0n) >= nsPerSecond;
  }

  /** Of no container, so an `id` of the request does not hold it back; and no older than what was replayed. */
  #sayLive(): void {
    this.#awaitsLive = false;
    const nowNs = BigInt(Date.now()) * nsPerMs;
    const timestampNs = nowNs > this.#follower.cursorNs ? nowNs : this.#follower.cursorNs;
    this.stream.write(eventMessage({ type: 'live', containerId: '', processId: '', status: 0, startKey: '', namespace: LEGACY_NAMESPACE, timestampNs }));
  }
}

function headersOf(missedThroughNs: bigint | undefined): Metadata {
  const headers = new Metadata();
  if (missedThroughNs !== undefined) {
    headers.set(missedThroughHeader, `${String(missedThroughNs / nsPerSecond)}.${String(missedThroughNs % nsPerSecond).padStart(9, '0')}`);
  }
  return headers;
}

/** From when to replay: field 2, or the deprecated seconds of clients of Docker 1.11. */
function fromOf({ timestamp, seconds }: EventsRequest): bigint | undefined {
  if (timestamp !== undefined) return timestamp.seconds * nsPerSecond + BigInt(timestamp.nanos);
  return seconds > 0n ? seconds * nsPerSecond : undefined;
}

/** Docker 1.11 alone knows no field 2, and acts on no event before it has seen one of type `live`. */
function isOfTheFirstDays({ timestamp, seconds }: EventsRequest): boolean {
  return timestamp === undefined && seconds > 0n;
}
