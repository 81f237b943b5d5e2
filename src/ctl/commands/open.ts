import { parseAddress } from '../daemon/address';
import { exitStatus } from '../exit-status';
import { showStatus } from './status';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

export function defineOpen(program: Verb, tool: Tool): void {
  program
    .verb('open', { group: 'Daemon', summary: "shows another daemon's programs; in the shell the verbs after it are for that one", example: 'open unix:///run/other.sock' })
    .argument('[address]', 'of its unix socket')
    .action((address?: string) => open(tool, program, address));
}

async function open(tool: Tool, program: Verb, address: string | undefined): Promise<void> {
  if (!isUrl(address)) {
    tool.print(notUrl);
    tool.finish(exitStatus.failed);
    return;
  }
  parseAddress(address);
  program.setOptionValue('address', address);
  // What supervisorctl shows of it.
  await showStatus(tool, [], {});
}

/** supervisorctl's words. */
const notUrl = 'ERROR: url must be http:// or unix://';

function isUrl(address: string | undefined): address is string {
  return address !== undefined && /^(http|unix):\/\//.test(address);
}
