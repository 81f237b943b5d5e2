import type { Container } from '../../api/gen/holdfast/v1/containers';
import { removeFifoDirectoryOf } from '../attach/fifo-directory';
import { CtlError } from '../errors';
import { lastFailure } from '../exit-status';
import { selectContainers, suggestNames } from '../names';
import { resultLine, resultStatus, type Result } from '../text/result-line';
import { isDown } from '../text/status-line';
import { confirmed } from '../confirm';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface RmOptions {
  readonly force?: boolean;
  readonly yes?: boolean;
}

export function defineRm(program: Verb, tool: Tool): void {
  program
    .verb('rm', { group: 'Once', summary: 'forgets programs that do not run, with their definitions', example: 'rm --force web' })
    .argument('<names...>', 'names, shell patterns, or all')
    .option('-f, --force', 'end them first (SIGKILL), where they run')
    .option('-y, --yes', 'do not ask')
    .action((names: string[], options: RmOptions) => rm(tool, names, options));
}

export function definePrune(program: Verb, tool: Tool): void {
  program
    .verb('prune', { group: 'Once', summary: 'forgets all programs that do not run', example: 'prune --yes' })
    .option('-y, --yes', 'do not ask')
    .action((options: RmOptions) => prune(tool, options));
}

async function rm(tool: Tool, names: readonly string[], options: RmOptions): Promise<void> {
  const daemon = await tool.connect();
  const { matched, unknown, known, isWide } = await selectContainers(daemon, names);
  // Containers of other APIs are theirs, and what files define is theirs: they are not meant by a pattern.
  const meant = matched.filter((each) => !isWide || (isOurs(each) && (options.force === true || isDown(each.state))));
  if (names.includes('all') && meant.length > 0 && !(await confirmed(tool, options, `Really forget all ${String(meant.length)} programs`))) return;
  const results = await Promise.all(meant.map(async ({ name, processes }): Promise<readonly [string, Result]> => {
    try {
      await daemon.remove(name, options.force === true);
      for (const { stdio } of processes) removeFifoDirectoryOf(stdio?.stdout ?? '');
      return [name, 'removed'];
    } catch (error) {
      if (!(error instanceof CtlError) || error.code !== 'refused') throw error;
      tool.explain(error.message, `End it first, or: holdfastctl rm --force ${name}`);
      return [name, 'still running'];
    }
  }));
  for (const name of unknown) results.push([name, 'no such process']);
  for (const [name, result] of results) tool.print(resultLine(name, result));
  suggestNames(tool, unknown, known);
  tool.finish(lastFailure(results.map(([, result]) => resultStatus(result))));
}

function isOurs({ definition, managed }: Container): boolean {
  return managed === undefined ? definition !== undefined : managed.of_command_line;
}

async function prune(tool: Tool, options: RmOptions): Promise<void> {
  const daemon = await tool.connect();
  if (!(await confirmed(tool, options, 'Really forget all programs that do not run'))) return;
  for (const name of await daemon.prune()) tool.print(resultLine(name, 'removed'));
}
