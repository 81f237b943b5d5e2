import { INIT } from '../../runtime/state-dir/layout';
import { findProgram } from '../../programs/list';
import { noSuchProcess, notRunning } from '../../programs/errors';
import type { ProgramParts } from '../../programs/parts';
import { isUp } from '../../programs/program';
import type { WaitRequest, WaitResponse } from '../gen/holdfast/v1/containers';
import type { Verb } from '../call';
import { endMessage } from './container-message';

/** Wait: answers when the process is over, at once where it is. */
export function wait(parts: ProgramParts): Verb<WaitRequest, WaitResponse> {
  return async ({ name, process }, { cancel }) => {
    const program = await findProgram(parts, name);
    const processId = process === '' ? INIT : process;
    if (!isUp(program)) {
      const end = program.record?.lastEnd;
      if (processId !== INIT) throw noSuchProcess(`${name}/${processId}`);
      if (end === undefined) throw notRunning(name);
      return { end: endMessage(end) };
    }
    const end = await parts.supervisor.request('wait', { id: program.key, processId }, cancel);
    if (end === undefined) throw notRunning(name);
    await parts.definitions.settled();
    const remembered = processId === INIT ? parts.definitions.find(name)?.lastEnd : undefined;
    return { end: endMessage(remembered ?? { endedNs: end.exitedAtNs, status: end.status, outOfMemory: false, ranNs: 0n, unknown: undefined }) };
  };
}
