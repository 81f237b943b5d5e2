import type { HistoryEntry } from '../records/history-record';
import { INIT } from '../runtime/state-dir/layout';
import type { StoredEvent } from '../supervisor/events/event';
import { LogFollower, type Reader } from '../supervisor/events/log-follower';
import { PROGRAMS_NAMESPACE } from './name';
import type { ProgramParts } from './parts';

/** In the event log's own database: it goes with the events that it counts. */
const cursorFact = 'programs-read-through-ns';
/** A disk that is full or fails now may have room again. */
const retryMs = 1000;

/**
 * Keeps what becomes of programs: follows the event log, and has their starts and ends written into what is remembered. How far that is, is noted
 * once it is on the disk. A daemon that dies in between reads the events again that it had not written down; that changes nothing where it had.
 */
export class RunKeeper implements Reader {
  readonly isOurOwn = true;
  /** None before it begins: until then nothing can be written down. */
  #follower: LogFollower | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Told once, as long as it is so. */
  #isFailing = false;

  /** @param onEnd a program's end has been written down */
  constructor(private readonly parts: ProgramParts, private readonly onEnd: (name: string) => void) {}

  /** Reads what there is; from then on it follows. To be called once there is where to write it down. */
  begin(): void {
    this.#follower = this.#fromCursor();
    this.#follower.goOn();
  }

  take(event: StoredEvent): void {
    const written = this.#write(event);
    const follower = this.#follower;
    if (written === undefined || follower === undefined) return;
    written.then(
      () => { this.#goneThrough(event, follower); },
      (error: unknown) => { this.#failed(error, follower); },
    );
  }

  isFull(): boolean {
    return false;
  }

  fail(error: unknown): void {
    if (this.#follower !== undefined) this.#failed(error, this.#follower);
  }

  /** May be called twice. */
  close(): void {
    clearTimeout(this.#retry);
    this.#follower?.close();
  }

  #fromCursor(): LogFollower {
    const { publisher } = this.parts;
    const read = publisher.log.fact(cursorFact);
    return new LogFollower(publisher, this, { namespace: PROGRAMS_NAMESPACE }, read === undefined ? 0n : BigInt(read));
  }

  /** Undefined for what does not matter here. */
  #write(event: StoredEvent): Promise<void> | undefined {
    const { definitions, bootId } = this.parts;
    const { type, containerId: name, processId, status, exitedAtNs, timestampNs } = event;
    if (type === 'start-container') return definitions.setStarted(name, bootId, entryOf(event));
    if (type === 'oom') return definitions.setOutOfMemory(name, entryOf(event));
    if (type === 'backoff' || type === 'fatal') return definitions.addHistory(name, entryOf(event));
    if (type !== 'exit' || processId !== INIT) return undefined;
    return definitions.setEnd(name, { endedNs: exitedAtNs ?? timestampNs, status, ranNs: undefined, unknown: undefined }, entryOf(event));
  }

  /** Events come here in their order, as changes are made in theirs. @param follower it came from: one that has failed since is read again */
  #goneThrough({ type, containerId, processId, timestampNs }: StoredEvent, follower: LogFollower): void {
    if (follower.isClosed) return;
    try {
      this.parts.publisher.log.setFact(cursorFact, String(timestampNs));
    } catch (error) {
      this.#failed(error, follower);
      return;
    }
    this.#isFailing = false;
    if (type === 'exit' && processId === INIT) this.onEnd(containerId);
  }

  #failed(error: unknown, follower: LogFollower): void {
    if (follower !== this.#follower || this.#retry !== undefined) return;
    follower.close();
    if (!this.#isFailing) this.parts.log.error({ err: error }, 'what became of a program could not be written down; tried again each second');
    this.#isFailing = true;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.begin();
    }, retryMs);
    this.#retry.unref();
  }
}

function entryOf({ type, timestampNs: atNs, eventId, status, pid = 0, by, detail }: StoredEvent): HistoryEntry {
  return { atNs, type, eventId, status, pid, by, detail: detail === undefined || detail instanceof Uint8Array ? '' : JSON.stringify(detail) };
}
