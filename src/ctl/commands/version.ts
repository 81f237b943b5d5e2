import { version as ownVersion } from '../../../package.json';
import { refusesWords } from '../acting';
import { jsonTime } from '../text/moment';
import type { Tool } from '../tool';
import { type Schema, object } from '../json/schema';
import type { Verb } from '../verb';

/** With --json. */
export const versionSchema: Schema = object({ client: { type: 'string' }, daemon: { type: 'string' }, pid: { type: 'integer' }, started_at: { type: 'string' } });

export function defineVersion(program: Verb, tool: Tool): void {
  program
    .verb('version', { group: 'Daemon', summary: "shows the daemon's version; with --json also holdfastctl's", example: 'version --json', statuses: '7 the daemon cannot be reached' })
    .option('--json', 'print an object')
    .allowExcessArguments()
    .action((options: { readonly json?: boolean }, verb: Verb) => (refusesWords(tool, verb) ? undefined : version(tool, options.json === true)));
}

async function version(tool: Tool, asJson: boolean): Promise<void> {
  const { version: daemon, pid, started_at: startedAt } = await (await tool.connect()).version();
  if (asJson) tool.printJson({ client: ownVersion, daemon, pid, started_at: jsonTime(startedAt) });
  else tool.print(daemon);
}
