import type { StartResult } from '../../programs/start-result';
import { ProgramError } from '../../programs/errors';
import { messageOf } from '../../sys/thrown';
import { Outcome, type Progress } from '../gen/holdfast/v1/containers';
import { timestampOf } from './time';

const starts: Readonly<Record<StartResult['is'], Outcome>> = {
  started: Outcome.STARTED,
  starting: Outcome.STARTING_ON,
  'already-started': Outcome.ALREADY_STARTED,
  'no-such-process': Outcome.NO_SUCH_PROCESS,
  'no-such-file': Outcome.NO_SUCH_FILE,
  'not-executable': Outcome.NOT_EXECUTABLE,
  'abnormal-termination': Outcome.ABNORMAL_TERMINATION,
  'spawn-error': Outcome.SPAWN_ERROR,
};

export function startProgress(name: string, result: StartResult): Progress {
  return outcomeProgress(name, starts[result.is], 'detail' in result ? result.detail : '', 'pid' in result ? result.pid : 0);
}

export function waitingProgress(name: string, deadlineNs: bigint): Progress {
  return { name, waiting: { deadline: timestampOf(deadlineNs) } };
}

export function outcomeProgress(name: string, outcome: Outcome, detail = '', pid = 0): Progress {
  return { name, result: { outcome, detail, pid } };
}

/** What is about one name alone, and leaves the others as they are. */
export function failureProgress(name: string, error: unknown): Progress {
  const isUnknown = error instanceof ProgramError && error.code === 'no-such-process';
  return outcomeProgress(name, isUnknown ? Outcome.NO_SUCH_PROCESS : Outcome.FAILED, messageOf(error));
}
