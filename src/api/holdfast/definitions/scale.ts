import type { ProgramParts } from '../../../programs/parts';
import { Outcome, type Progress } from '../../gen/holdfast/v1/containers';
import type { ScaleRequest } from '../../gen/holdfast/v1/definitions';
import type { StreamVerb } from '../../call';
import { RequestError } from '../../errors';
import { requesterOf } from '../peer';
import { outcomeProgress, startProgress } from '../progress';
import { filesOf, managedOf } from './keepers';

/** Scale: first those that it stops, then each that it starts, as it comes. */
export function scale(parts: ProgramParts): StreamVerb<ScaleRequest, Progress> {
  return async ({ name, count }, info, send) => {
    if (count === 0) throw new RequestError('a program has at least one process: stop ends them', 'count');
    const { stopped, added } = await filesOf(parts).scale({ name, count });
    for (const process of stopped) send(outcomeProgress(process, Outcome.STOPPED_NOW));
    const order = { by: requesterOf(info), cancel: info.cancel };
    await Promise.all(added.map(async (process) => {
      send(startProgress(process, await managedOf(parts).start({ ...order, name: process, isRestart: true })));
    }));
  };
}
