import type { Command } from 'commander';
import { version as ownVersion } from '../../../package.json';
import type { Tool } from '../tool';

export function defineVersion(program: Command, tool: Tool): void {
  program
    .command('version')
    .description('shows the versions of holdfastctl and of the daemon')
    .option('--json', 'print an object')
    .action((options: { readonly json?: boolean }) => version(tool, options.json === true));
}

/** The daemon's is the version of the API that it speaks (0.2.x); its revision is its own. */
async function version(tool: Tool, asJson: boolean): Promise<void> {
  // Our own comes first, and comes also where no daemon answers.
  if (!asJson) tool.print(`Client: ${ownVersion}`);
  const daemon = await tool.connect();
  const { major, minor, patch, revision } = await daemon.version();
  const number = `${major}.${minor}.${patch}`;
  if (asJson) tool.print(JSON.stringify({ client: ownVersion, daemon: number, revision }, null, 2));
  else tool.print(`Daemon: ${number}${revision === '' ? '' : ` (${revision})`}`);
}
