import type { ProgramParts } from '../../../programs/parts';
import type { StreamVerb } from '../../call';
import { type UpdateRequest, UpdateResponse } from '../../gen/holdfast/v1/definitions';
import { filesOf } from './keepers';
import { updateMessage } from './messages';

/** Update: each group as it is done, and then what is wrong with the files. */
export function update(parts: ProgramParts): StreamVerb<UpdateRequest, UpdateResponse> {
  return async ({ names, dry_run: isDryRun }, _info, send) => {
    const errors = await filesOf(parts).update({ names, isDryRun }, (line) => { send(updateMessage(line)); });
    send({ ...UpdateResponse.create(), errors: [...errors] });
  };
}
