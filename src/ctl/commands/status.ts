import type { Container } from '../../api/gen/holdfast/v1/containers';
import { exitStatus } from '../exit-status';
import { containerJson } from '../json/container';
import { explainUnknown, selectContainers, suggestNames } from '../names';
import { unknownLine } from '../text/result-line';
import { isDown, isWell, statusLines } from '../text/status-line';
import { watched } from '../watch';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface StatusOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly watch?: number | true;
}

export function defineStatus(program: Verb, tool: Tool): void {
  program
    .verb('status', {
      group: 'Look',
      summary: 'shows how programs and containers are: a line each',
      example: "status 'web*'",
      statuses: '3 something is down; 4 the daemon cannot be reached, or a name is unknown',
    })
    .argument('[names...]', 'names, shell patterns, or all')
    .option('--strict', '3 unless all are RUNNING, and healthy where they are checked')
    .option('--json', 'print an array of objects')
    .option('-w, --watch [seconds]', 'show it again and again; with --json a line for each change', watched)
    .action((names: string[], options: StatusOptions) => status(tool, names, options));
}

async function status(tool: Tool, names: readonly string[], options: StatusOptions): Promise<void> {
  if (options.watch === undefined) {
    await showStatus(tool, names, options);
    return;
  }
  const { watch } = await import('../watch');
  await watch(tool, options.watch, options.json === true, {
    show: () => showStatus(tool, names, options),
    values: async () => (await selectContainers(await tool.connect(), names)).matched.map((container) => containerJson(container, Date.now())),
  });
}

/** As it is now. */
export async function showStatus(tool: Tool, names: readonly string[], options: StatusOptions): Promise<void> {
  const daemon = await tool.connect();
  const { matched, unknown, known } = await selectContainers(daemon, names, options.json !== true);
  const nowMs = Date.now();
  if (options.json === true) {
    tool.printJson(matched.map((container) => containerJson(container, nowMs)));
    explainUnknown(tool, unknown, known, true);
  } else {
    for (const name of unknown) tool.print(unknownLine(name));
    const lines = statusLines(matched, nowMs, tool.paint);
    // Each write is a call of the kernel's.
    if (lines.length > 0) tool.print(lines.join('\n'));
    suggestNames(tool, unknown, known);
  }
  tool.finish(statusOf(matched, unknown, options));
}

/** Something that is down outweighs a name that there is not, as supervisorctl has it. */
function statusOf(matched: readonly Container[], unknown: readonly string[], { strict }: StatusOptions): number {
  const isBad = (container: Container): boolean => isDown(container.state) || (strict === true && !isWell(container));
  if (matched.some(isBad)) return exitStatus.statusNotRunning;
  return unknown.length > 0 ? exitStatus.statusUnknown : exitStatus.ok;
}
