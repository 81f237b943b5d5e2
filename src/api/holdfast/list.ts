import { findProgram, listPrograms } from '../../programs/list';
import type { ProgramParts } from '../../programs/parts';
import type { ListRequest, ListResponse } from '../gen/holdfast/v1/containers';
import type { Verb } from '../call';
import { containerMessage } from './container-message';

/** List: what there is and what is remembered, or of some names alone. */
export function list(parts: ProgramParts): Verb<ListRequest, ListResponse> {
  return async ({ names, all_namespaces: everywhere, brief: isBrief }) => {
    const programs = names.length === 0 ? await listPrograms(parts, everywhere) : await Promise.all(names.map((name) => findProgram(parts, name)));
    return { containers: programs.map((program) => containerMessage(program, parts.startClock, isBrief)) };
  };
}
