import { type Place, type Places, cursorOf } from '../runtime/kept-output/cursor';
import type { Series } from '../runtime/kept-output/file-names';
import { nameOf } from '../runtime/state-dir/container-key';
import { ProgramError } from './errors';
import { findProgram } from './list';
import { programKey } from './name';
import { outputCursor } from './output-cursor';
import type { OutputHold } from './output-holds';
import type { ProgramParts } from './parts';
import { type StartOrder, startProgram } from './start';
import type { StartResult } from './start-result';

/** A run that is read from its beginning. */
export interface JoinedStart {
  readonly result: StartResult;
  /** Where its output begins. Absent where it has not been started. */
  readonly cursor?: string;
  /** What is told later is about this run. */
  readonly afterEventId: bigint;
  /** Nothing of the run is rotated away, or removed with the program. Whoever gets it releases it. */
  readonly hold: OutputHold;
}

/**
 * Starts a program and says where its output begins, of which nothing goes before it is read.
 * @param order its `stdio` has no outputs
 * @throws ProgramError `no-output`, and as `startProgram` and `listKept`
 */
export async function startJoined(parts: ProgramParts, order: StartOrder): Promise<JoinedStart> {
  const { name, by, cancel } = order;
  const key = programKey(name);
  const { keptOutput } = order.definition ?? parts.definitions.find(name)?.definition ?? {};
  if (keptOutput?.format === 'none') throw new ProgramError('no-output', name, `no output is kept of ${name}`);
  // Before the first byte: whatever is there is held, until it is known what is of this run.
  const hold = parts.outputHolds.hold(nameOf(key).id, by, {});
  try {
    const afterEventId = parts.publisher.log.lastId;
    const places = await endOf(parts, parts.output.directoryOf(key), cancel);
    hold.reached(places);
    const result = await startProgram(parts, order);
    if (result.is !== 'started') return { result, afterEventId, hold };
    hold.ofRun(result.pid);
    return { result, cursor: outputCursor(await findProgram(parts, name), cursorOf(places)), afterEventId, hold };
  } catch (error) {
    hold.release(true);
    throw error;
  }
}

/** Where the kept output ends. @throws as `listKept` */
export async function endOf({ output }: Pick<ProgramParts, 'output'>, dir: string, signal: AbortSignal): Promise<Places> {
  const places: Partial<Record<Series, Place>> = {};
  for (const { series, number, size } of await output.files.listKept(dir, signal)) {
    if ((places[series]?.number ?? 0) < number) places[series] = { number, offset: size };
  }
  return places;
}
