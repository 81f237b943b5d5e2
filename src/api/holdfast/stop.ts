import { constants } from 'node:os';
import type { ProgramParts } from '../../programs/parts';
import { stopProgram } from '../../programs/stop';
import { Outcome, type Progress, type RestartRequest, type StopRequest } from '../gen/holdfast/v1/containers';
import type { CallInfo, StreamVerb } from '../call';
import { requesterOf } from './peer';
import { failureProgress, outcomeProgress, waitingProgress } from './progress';
import { startOne } from './start';

const usualTimeoutMs = 10_000n;

/** Stop: all at once, each told as it ends: the slowest decides how long it takes, not the sum. */
export function stop(parts: ProgramParts): StreamVerb<StopRequest, Progress> {
  return async (request, info, send) => {
    await Promise.all(request.names.map(async (name) => { send(await stopOne(parts, name, request, info, send)); }));
  };
}

/** Restart: stops all, and then starts them, also those that did not run. Two results for each name that is there. */
export function restart(parts: ProgramParts): StreamVerb<RestartRequest, Progress> {
  return async (request, info, send) => {
    const stopped = await Promise.all(request.names.map(async (name) => {
      const progress = await stopOne(parts, name, request, info, send, true);
      const outcome = progress.result?.outcome;
      send(progress);
      return outcome === Outcome.STOPPED_NOW || outcome === Outcome.NOT_RUNNING;
    }));
    const names = request.names.filter((_name, at) => stopped[at]);
    await Promise.all(names.map(async (name) => { send(await startOne(parts, name, { definition: undefined, stdio: undefined, wait_ms: undefined }, info, true)); }));
  };
}

async function stopOne(parts: ProgramParts, name: string, request: StopRequest | RestartRequest, info: CallInfo, send: (progress: Progress) => void, again = false): Promise<Progress> {
  try {
    const order = {
      name,
      signal: request.signal || parts.definitions.find(name)?.definition.image?.stopSignal || constants.signals.SIGTERM,
      timeoutMs: Number(request.timeout_ms ?? usualTimeoutMs),
      by: requesterOf(info),
      again,
    };
    const result = await stopProgram(parts, order, (deadlineNs) => { send(waitingProgress(name, deadlineNs)); });
    return outcomeProgress(name, result === 'stopped' ? Outcome.STOPPED_NOW : Outcome.NOT_RUNNING);
  } catch (error) {
    return failureProgress(name, error);
  }
}
