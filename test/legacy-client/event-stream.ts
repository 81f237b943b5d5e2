import { readFileSync, renameSync, writeFileSync } from 'node:fs';

import { APIService } from '../../src/api/gen/legacy/api';
import type { Event, EventsRequest } from '../../src/api/gen/legacy/api';
import type { Timestamp } from '../../src/api/gen/google/protobuf/timestamp';
import type { LegacyConnection, StreamCall } from './wire';

/**
 * dockerd's subscription: from the timestamp of the last event that it saw, which it keeps in a file, so
 * that nothing is missed over a restart of either side.
 */
export class EventStream {
  #call: StreamCall | undefined;
  #last: Timestamp;

  /**
   * @param path of the file with the last timestamp: `<seconds> <nanos>`
   * @param isOfTheFirstDays as Docker 1.11: it asks in whole seconds, from now where it has seen none, and takes every event for
   *   history until it has seen one of type `live`
   */
  constructor(
    private readonly connection: LegacyConnection,
    private readonly path: string,
    private readonly onEvent: (event: Event) => void,
    private readonly isOfTheFirstDays = false,
  ) {
    this.#last = readTimestamp(path);
  }

  /** Of the last event seen; 1970 where none ever was. */
  get lastTimestamp(): Timestamp {
    return this.#last;
  }

  /** Subscribes where no subscription lives. Resolves at the headers; rejects with a CallError. */
  async ensure(): Promise<void> {
    if (this.#call !== undefined) return this.#call.opened;
    let isHistory = this.isOfTheFirstDays;
    const call = this.connection.stream(APIService.events, this.#request(), (event) => {
      this.#remember(event);
      if (event.type === 'live') isHistory = false;
      if (!isHistory) this.onEvent(event);
    });
    this.#call = call;
    const forget = (): void => {
      if (this.#call === call) this.#call = undefined;
    };
    call.ended.then(forget, forget);
    await call.opened;
  }

  /** The stored events of one container after the last one seen. */
  async stored(id: string): Promise<readonly Event[]> {
    const events: Event[] = [];
    const request = { timestamp: this.#last, seconds: this.#last.seconds, storedOnly: true, id };
    await this.connection.stream(APIService.events, request, (event) => events.push(event)).ended;
    return events;
  }

  close(): void {
    this.#call?.close();
    this.#call = undefined;
  }

  #request(): EventsRequest {
    const { seconds } = this.#last;
    if (!this.isOfTheFirstDays) return { timestamp: this.#last, seconds, storedOnly: false, id: '' };
    const fromSeconds = seconds === 0n ? BigInt(Math.floor(Date.now() / 1000)) : seconds;
    return { timestamp: undefined, seconds: fromSeconds, storedOnly: false, id: '' };
  }

  #remember(event: Event): void {
    if (event.timestamp === undefined) return;
    this.#last = event.timestamp;
    writeFileSync(`${this.path}.new`, `${String(event.timestamp.seconds)} ${String(event.timestamp.nanos)}`);
    renameSync(`${this.path}.new`, this.path);
  }
}

function readTimestamp(path: string): Timestamp {
  try {
    const [seconds, nanos] = readFileSync(path, 'utf8').split(' ');
    return { seconds: BigInt(seconds ?? 0), nanos: Number(nanos ?? 0) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { seconds: 0n, nanos: 0 };
    throw error;
  }
}
