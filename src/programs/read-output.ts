import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { nameOf } from '../runtime/state-dir/container-key';
import { KeptReader } from '../runtime/kept-output/kept-reader';
import type { KeptEntry, KeptQuery, KeptStart } from '../runtime/kept-output/query';
import type { KeptSource } from '../runtime/kept-output/row';
import { type KeptWatcher, watchKept } from '../runtime/kept-output/watch-kept';
import { ProgramError } from './errors';
import { findProgram } from './list';
import { outputCursor, startAfter } from './output-cursor';
import type { ProgramParts } from './parts';
import type { Program } from './program';
import { type RunEvent, RunEvents } from './run-events';

/** How often is looked for what has waited for this reader, once the program has ended, and how long where nobody writes it any more. */
const HELD_MS = 20;
const MOST_HELD_MS = 10_000;

export interface OutputQuery extends Pick<KeptQuery, 'streams' | 'untilNs' | 'follow'> {
  readonly name: string;
  /** A cursor of an earlier reader, or where to begin; neither: with the oldest. */
  readonly cursor?: string;
  readonly start?: Exclude<KeptStart, { after: unknown }>;
  /** With `follow`: what became of it after this event. Absent: from now on. */
  readonly afterEventId?: bigint;
  /** With `follow`: the program waits for this reader, which is not told of an end before it has got what waits for it still. */
  readonly isHolding?: boolean;
}

/** What a reader gets. Events come after all that was written before them. */
export type OutputPiece = { readonly cursor: string; readonly eventId: bigint; /** Before it, about so many have been rotated away unread. */ readonly missedBytes: number } & ({ readonly entries: readonly KeptEntry[] } | { readonly event: RunEvent });

/**
 * Reads what is kept of a program's output, and goes on with what comes where it is followed: until it is removed, or the signal is aborted.
 * @throws ProgramError `no-such-process`, `no-output`, and as `ReadKept`
 */
export async function* readOutput(parts: ProgramParts, query: OutputQuery, signal: AbortSignal): AsyncGenerator<OutputPiece, void> {
  const program = await findProgram(parts, query.name);
  const dir = parts.output.directoryOf(program.key);
  const files = inTurns(parts.output.files);
  const start = query.cursor === undefined ? query.start : startAfter(program, query.cursor);
  const { streams, untilNs, follow } = query;
  const reader = new KeptReader(files, {
    dir,
    isTogether: true,
    ...(streams === undefined ? {} : { streams }),
    ...(start === undefined ? {} : { start }),
    ...(untilNs === undefined ? {} : { untilNs }),
    ...(follow === undefined ? {} : { follow }),
  }, signal);
  if (!isKept(program) && (await files.listKept(dir, signal)).length === 0) throw new ProgramError('no-output', program.name, `no output is kept of ${program.name}`);
  const release = parts.outputReaders.hold(program.key);
  let watcher: KeptWatcher | undefined;
  let events: RunEvents | undefined;
  try {
    if (follow === true) {
      watcher = await watchKept(files, dir, signal);
      events = new RunEvents(parts, program, query.afterEventId, watcher.wake);
    }
    const isHeld = (): boolean => query.isHolding === true && parts.outputHolds.isHeld(nameOf(program.key).id);
    yield* read(program, { reader, watcher, events, firstEventId: parts.publisher.log.lastId, isHeld }, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    events?.close();
    watcher?.close();
    release();
  }
}

interface Reading {
  readonly reader: KeptReader;
  readonly watcher: KeptWatcher | undefined;
  readonly events: RunEvents | undefined;
  readonly firstEventId: bigint;
  isHeld(): boolean;
}

async function* read(program: Program, { reader, watcher, events, firstEventId, isHeld }: Reading, signal: AbortSignal): AsyncGenerator<OutputPiece, void> {
  let eventId = events?.firstId ?? firstEventId;
  const cursor = (): string => outputCursor(program, reader.cursor);
  const due: RunEvent[] = [];
  let waitedMs = 0;
  for (let isFirst = true; ; isFirst = false) {
    // Before the look: what comes during it wakes, and what was written before an event is found by a look that begins after it.
    watcher?.clear();
    due.push(...(events?.drain() ?? []));
    const isMore = due.length > 0 && isHeld();
    for await (const entries of reader.readOn()) {
      waitedMs = 0;
      yield { entries, cursor: cursor(), eventId, missedBytes: reader.takeMissed() };
    }
    const missedBytes = reader.takeMissed();
    if (signal.aborted) return;
    // Also where nothing has been read: a client can go on from here.
    if (isFirst || missedBytes > 0) yield { entries: [], cursor: cursor(), eventId, missedBytes };
    if (isMore && waitedMs < MOST_HELD_MS) {
      waitedMs += HELD_MS;
      await delay(HELD_MS);
      continue;
    }
    for (const event of due.splice(0)) {
      eventId = event.id;
      yield { event, cursor: cursor(), eventId, missedBytes: 0 };
      if (event.isLast) return;
    }
    if (watcher === undefined || signal.aborted) return;
    await watcher.changed();
  }
}

/** Of one that is kept running there is nothing before its first start, and it will be kept then. */
function isKept({ record, managed }: Program): boolean {
  if (record === undefined) return managed !== undefined;
  const { keptOutput, stdio } = record.definition;
  return keptOutput?.format !== 'none' && (stdio.stdout === '' || stdio.stderr === '');
}

/** What is read at once is read in turn with all else that the daemon has to do. */
function inTurns(files: KeptSource): KeptSource {
  return {
    listKept: (dir, signal) => files.listKept(dir, signal),
    readKept: async (range, signal) => {
      await nextTurn();
      return await files.readKept(range, signal);
    },
  };
}
