import { writeFileSync } from 'node:fs';

import type { DaemonOptions } from '../../support/test-host';
import type { Random } from '../soak-random';
import type { AgentSoakHost } from './agent-soak-host';

/** A daemon whose wall clock is so many milliseconds off as a file says, at each moment: as after somebody has set the host's. */
export function daemonOfClock({ host }: AgentSoakHost): DaemonOptions {
  const script = host.own('clock.cjs');
  // The real one's time goes on between two looks at the file.
  writeFileSync(script, `
    const { readFileSync } = require('node:fs');
    const real = Date.now;
    Date.now = () => { try { return real() + Number(readFileSync(${JSON.stringify(host.own('clock'))}, 'utf8')); } catch { return real(); } };
  `);
  return { env: { NODE_OPTIONS: `--require ${script}` } };
}

const hourMs = 3_600_000;

/** An hour back or forth, at most. */
export function stepClock(soak: AgentSoakHost, random: Random): void {
  writeFileSync(soak.host.own('clock'), String(random.below(2 * hourMs) - hourMs));
  soak.figures.clockSteps += 1;
}
