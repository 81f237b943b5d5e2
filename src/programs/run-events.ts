import type { DefinitionRecord, RunEnd } from '../records/definition-record';
import { INIT } from '../runtime/state-dir/layout';
import { nameOf } from '../runtime/state-dir/container-key';
import type { StoredEvent } from '../supervisor/events/event';
import { LogFollower, type Reader } from '../supervisor/events/log-follower';
import type { ProgramParts } from './parts';
import type { Program } from './program';

/** What a follower of a program's output is told of its runs. */
export interface RunEvent {
  /** The event's. */
  readonly id: bigint;
  /** How a run ended; absent where the program is removed without one. */
  readonly end?: RunEnd;
  /** The program is forgotten: nothing more comes. */
  readonly isLast: boolean;
}

/** The ends of a program's runs as they are told, until they are taken. */
export class RunEvents implements Reader {
  readonly isOurOwn = true;
  /** The last event before those that come. */
  readonly firstId: bigint;
  readonly #follower: LogFollower;
  #events: RunEvent[] = [];
  /** When the run that there is was told to have started, where that has been seen here. */
  #startedNs: bigint | undefined;
  /** It was told that the memory of the run that there is has run out. */
  #isOutOfMemory = false;
  #failure: { readonly error: unknown } | undefined;

  /** @param afterId of the last event that is known already; undefined: what is told from now on @param onEvent there is something to take */
  constructor(private readonly parts: ProgramParts, private readonly program: Program, afterId: bigint | undefined, private readonly onEvent: () => void) {
    const { publisher } = parts;
    const { namespace, id: containerId } = nameOf(program.key);
    this.firstId = afterId ?? publisher.log.lastId;
    this.#follower = new LogFollower(publisher, this, { namespace, containerId }, afterId === undefined ? undefined : publisher.log.cursorAfter(afterId));
    this.#follower.goOn();
  }

  /** What has come since the last call. @throws why nothing more can come */
  drain(): readonly RunEvent[] {
    const events = this.#events;
    this.#events = [];
    if (events.length === 0 && this.#failure !== undefined) throw this.#failure.error;
    return events;
  }

  take({ eventId: id, type, processId, status, exitedAtNs, timestampNs }: StoredEvent): void {
    // Where the last known one is not kept any more, older ones may be.
    if (id <= this.firstId) return;
    if (type === 'start-container') [this.#startedNs, this.#isOutOfMemory] = [timestampNs, false];
    if (type === 'oom') this.#isOutOfMemory = true;
    if (type === 'remove') this.#events.push({ id, isLast: true });
    else if (type === 'exit' && processId === INIT) this.#addEnd(id, exitedAtNs ?? timestampNs, status);
    else return;
    this.onEvent();
  }

  isFull(): boolean {
    return false;
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.onEvent();
  }

  /** May be called twice. */
  close(): void {
    this.#follower.close();
  }

  #addEnd(id: bigint, endedNs: bigint, status: number): void {
    const { definitions } = this.parts;
    const record = definitions.find(nameOf(this.program.key).id) ?? this.program.record;
    const remembered = record?.lastEnd?.endedNs === endedNs ? record.lastEnd : undefined;
    const end = remembered ?? endOfRun(record, { startedNs: this.#startedNs, isOutOfMemory: this.#isOutOfMemory }, endedNs, status);
    [this.#startedNs, this.#isOutOfMemory] = [undefined, false];
    this.#events.push({ id, end, isLast: record?.definition.removeAtEnd === true });
  }
}

/** What was told of the run here. */
interface Seen {
  /** Where that was seen. */
  readonly startedNs: bigint | undefined;
  readonly isOutOfMemory: boolean;
}

/** All is told before it is written down: until then the record is that of the run, and may not say yet that its memory has run out. */
function endOfRun(record: DefinitionRecord | undefined, seen: Seen, endedNs: bigint, status: number): RunEnd {
  const isOfRun = record?.isUp === true;
  const startedNs = seen.startedNs ?? (isOfRun ? record.startedNs : undefined);
  // One that is over at once ends before its start is told.
  const ranNs = startedNs === undefined ? 0n : endedNs > startedNs ? endedNs - startedNs : 1n;
  return { endedNs, status, outOfMemory: seen.isOutOfMemory || (isOfRun && record.outOfMemory), ranNs, unknown: undefined };
}
