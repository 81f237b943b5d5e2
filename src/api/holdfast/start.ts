import type { Library } from '../../images/library/library';
import type { ProgramParts } from '../../programs/parts';
import { ProgramError } from '../../programs/errors';
import { startProgram } from '../../programs/start';
import type { Progress, StartRequest } from '../gen/holdfast/v1/containers';
import type { CallInfo, StreamVerb } from '../call';
import { RequestError } from '../errors';
import { definitionOf, stdioOf } from './definition';
import { ofImage } from './image-definition';
import { requesterOf } from './peer';
import { failureProgress, startProgress } from './progress';

/** Start: all at once, each told as it comes; what is asked for by the way comes first. */
export function start(parts: ProgramParts, library: Library): StreamVerb<StartRequest, Progress> {
  return async (request, info, send) => {
    const { names } = request;
    if (request.definition !== undefined && names.length !== 1) throw new RequestError('a definition is of exactly one name', 'names');
    const before = request.with_dependencies === true ? new Set(names.flatMap((name) => parts.managed?.downDependenciesOf(name) ?? [])) : new Set<string>();
    for (const name of names) before.delete(name);
    await Promise.all([...before, ...names].map(async (name) => { send(await startOne(parts, name, request, info, false, library)); }));
  };
}

/** @param from the definition and the stdio that come along, where any do */
export async function startOne(parts: ProgramParts, name: string, from: Pick<StartRequest, 'definition' | 'stdio' | 'wait_ms'>, info: CallInfo, isRestart = false, library?: Library): Promise<Progress> {
  try {
    const result = await startProgram(parts, {
      name,
      definition: from.definition && (await ofImage(definitionOf(from.definition), from.definition, library, info.cancel)),
      stdio: from.stdio && stdioOf(from.stdio),
      by: requesterOf(info),
      cancel: info.cancel,
      isRestart,
      waitMs: from.wait_ms === undefined ? undefined : Number(from.wait_ms),
    });
    return startProgress(name, result);
  } catch (error) {
    // What is wrong with the request is about no one name.
    if (error instanceof RequestError || (error instanceof ProgramError && error.code === 'invalid-name')) throw error;
    return failureProgress(name, error);
  }
}
