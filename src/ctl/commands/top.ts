import { CtlError } from '../errors';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface TopOptions {
  readonly once?: boolean;
  readonly json?: boolean;
}

export function defineTop(program: Verb, tool: Tool): void {
  program
    .verb('top', { group: 'Look', summary: 'shows what programs use on the whole screen, with keys to act', example: 'top', statuses: '130 interrupted' })
    .option('--once', 'one frame alone, without graphs and keys')
    .option('--json', 'an object a line, each second')
    .action((options: TopOptions) => top(tool, options));
}

async function top(tool: Tool, options: TopOptions): Promise<void> {
  const { stdin, stdout } = tool.io;
  if (options.once === true || options.json === true) {
    const { printTop } = await import('../top/print');
    await printTop(tool, options);
    return;
  }
  if (stdin.isTTY !== true || stdout.isTTY !== true) throw new CtlError('invalid-argument', 'top needs a terminal, --once or --json');
  const { Top } = await import('../top/top');
  await new Top(tool).run();
}
