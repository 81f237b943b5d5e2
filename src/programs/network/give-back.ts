import type { DefinitionRecord } from '../../records/definition-record';
import type { ProgramParts } from '../parts';

/**
 * Of a run of another boot its runtime could undo nothing, and plugins keep addresses on the disk: they are given back before the program is forgotten, or is to be another
 * one. (One that is started again as it was undoes that itself.) What cannot be undone, as its network is no more, is told in the log, and keeps nobody from going on.
 */
export async function giveBackNetwork({ bootId, networks, log }: ProgramParts, { name, bootId: ranIn, definition }: DefinitionRecord): Promise<void> {
  if (ranIn === '' || ranIn === bootId) return;
  try {
    const status = await networks.giveBack(name, definition);
    if (status !== undefined && status !== 0) log.warn({ program: name, status }, 'what plugins have made for a program before the host went down could not all be undone');
  } catch (error) {
    log.warn({ program: name, err: error }, 'what plugins have made for a program before the host went down could not be undone');
  }
}
