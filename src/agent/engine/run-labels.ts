import { findProgram } from '../../programs/list';
import { programKey } from '../../programs/name';
import { outputCursor } from '../../programs/output-cursor';
import { endOf } from '../../programs/start-joined';
import { cursorOf } from '../../runtime/kept-output/cursor';
import { messageOf } from '../../sys/thrown';
import type { ManagedDefinition } from './managed-definition';
import type { EngineParts } from './parts';

/** Says where a run's output begins in what is kept of the name's, for who reads what it has said. */
const outputLabel = 'holdfast.output-after';

/** The label that says of which generation a container is. */
export function generationLabel(generation: number): string {
  return `holdfast.generation=${String(generation)}`;
}

/** By its place, and not by its time: somebody may set the clock back. None where the disk does not answer. */
export async function outputLabels({ programs }: EngineParts, { name, process }: ManagedDefinition, cancel: AbortSignal): Promise<readonly string[]> {
  if (process.ready.is !== 'log') return [];
  try {
    return [`${outputLabel}=${cursorOf(await endOf(programs, programs.output.directoryOf(programKey(name)), cancel))}`];
  } catch (error) {
    programs.log.warn({ program: name, err: messageOf(error) }, 'where its output begins cannot be found out');
    return [];
  }
}

/** The cursor behind which all is of this generation; undefined where nobody has noted it. @throws ProgramError `no-such-process` */
export async function outputCursorOf({ programs }: EngineParts, name: string, generation: number): Promise<string | undefined> {
  const program = await findProgram(programs, name);
  const labels = program.record?.definition.labels ?? [];
  const found = labels.find((label) => label.startsWith(`${outputLabel}=`));
  if (found === undefined || !labels.includes(generationLabel(generation))) return undefined;
  return outputCursor(program, found.slice(outputLabel.length + 1));
}
