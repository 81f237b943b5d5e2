import { defineProgram } from '../../../programs/define';
import type { ProgramParts } from '../../../programs/parts';
import type { StreamVerb } from '../../call';
import type { Progress } from '../../gen/holdfast/v1/containers';
import type { DefineRequest } from '../../gen/holdfast/v1/definitions';
import { requesterOf } from '../peer';
import { startProgress } from '../progress';
import { filesOf, managedOf } from './keepers';

/** Define: how the start of the program went that is kept running from then on. */
export function define(parts: ProgramParts): StreamVerb<DefineRequest, Progress> {
  return async ({ toml }, info, send) => {
    const { name, result } = await defineProgram(parts, filesOf(parts), managedOf(parts), { toml, by: requesterOf(info), cancel: info.cancel });
    send(startProgress(name, result));
  };
}
