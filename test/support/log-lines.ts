import { dirname } from 'node:path';

import { untilIn } from './files';
import type { TestHost } from './test-host';

/** A line of the daemon's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

/** The lines that the daemon has logged so far; what is no JSON (Node's own words) is left out. */
export function logLines(host: TestHost): LogLine[] {
  return host.daemon
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as LogLine);
}

/** The first line that fits, there already or still to come. */
export async function untilLogged(host: TestHost, fits: (line: LogLine) => boolean, what: string): Promise<LogLine> {
  const find = (): LogLine | undefined => logLines(host).find(fits);
  await untilIn(dirname(host.socketPath), () => find() !== undefined, `a log line: ${what}`);
  const found = find();
  if (found === undefined) throw new Error(`the log line is gone again: ${what}`);
  return found;
}
