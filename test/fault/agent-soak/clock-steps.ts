import type { DaemonOptions } from '../../support/test-host';
import { clockEnvironment, setClock } from '../../support/wall-clock';
import type { Random } from '../soak/soak-random';
import type { AgentSoakHost } from './agent-soak-host';

export function daemonOfClock({ host }: AgentSoakHost): DaemonOptions {
  return { env: clockEnvironment(host) };
}

const hourMs = 3_600_000;

/** An hour back or forth, at most. */
export function stepClock(soak: AgentSoakHost, random: Random): void {
  setClock(soak.host, random.below(2 * hourMs) - hourMs);
  soak.figures.clockSteps += 1;
}
