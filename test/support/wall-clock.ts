import { writeFileSync } from 'node:fs';

import type { DaemonOptions, TestHost } from './test-host';

/** The environment of a daemon whose wall clock is so many milliseconds off as {@link setClock} has said last, at each moment: as after somebody has set the host's. */
export function clockEnvironment(host: TestHost): NonNullable<DaemonOptions['env']> {
  const script = host.own('clock.cjs');
  // The real one's time goes on between two looks at the file.
  writeFileSync(script, `
    const { readFileSync } = require('node:fs');
    const real = Date.now;
    Date.now = () => { try { return real() + Number(readFileSync(${JSON.stringify(host.own('clock'))}, 'utf8')); } catch { return real(); } };
  `);
  return { NODE_OPTIONS: `--require ${script}` };
}

/** @param byMs from the real one */
export function setClock(host: TestHost, byMs: number): void {
  writeFileSync(host.own('clock'), String(byMs));
}
