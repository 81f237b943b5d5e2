import { exitStatus } from '../exit-status';
import { inspectJson } from '../json/container';
import { explainUnknown, selectContainers } from '../names';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

export function defineInspect(program: Verb, tool: Tool): void {
  program
    .verb('inspect', { group: 'Look', summary: 'prints all that is known of programs, as JSON', example: 'inspect web' })
    .argument('<names...>', 'names, shell patterns, or all')
    .option('--json', 'as ever')
    .action((names: string[], options: { readonly json?: boolean }) => inspect(tool, names, options));
}

async function inspect(tool: Tool, names: readonly string[], { json }: { readonly json?: boolean }): Promise<void> {
  const { matched, unknown, known } = await selectContainers(await tool.connect(), names);
  const nowMs = Date.now();
  if (matched.length > 0) tool.printJson(matched.map((container) => inspectJson(container, nowMs)));
  explainUnknown(tool, unknown, known, json === true);
  if (unknown.length > 0) tool.finish(exitStatus.failed);
}
