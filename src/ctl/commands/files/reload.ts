import type { DaemonClient } from '../../daemon/daemon-client';
import { confirmed } from '../../confirm';
import { isCtlError } from '../../errors';
import { onEach } from '../../on-each';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

export function defineReload(program: Verb, tool: Tool): void {
  program
    .verb('reload', {
      group: 'Act',
      summary: 'has programs read their configuration again, as their definitions say; without a name restarts the daemon, and programs run on',
      example: 'reload web',
    })
    .argument('[names...]', 'names, shell patterns, or all')
    .option('-y, --yes', 'do not ask')
    .action(async (names: string[], options: { readonly yes?: boolean }) => {
      if (names.length > 0) await onEach(tool, names, 'reloaded', (daemon, { name }) => daemon.definitions.reload(name));
      else if (await confirmed(tool, options, 'Really restart the remote holdfastd process')) await restartDaemon(tool);
    });
}

async function restartDaemon(tool: Tool): Promise<void> {
  const daemon = await tool.connect();
  const { started_at: before } = await daemon.version();
  await daemon.restartDaemon();
  for (;;) {
    const { started_at: now } = await untilBack(daemon);
    if (now?.seconds !== before?.seconds || now?.nanos !== before?.nanos) break;
  }
  const running = (await daemon.containers()).filter(({ pid }) => pid !== 0).length;
  tool.print(`Restarted holdfastd; ${String(running)} ${running === 1 ? 'program runs' : 'programs run'} on`);
}

/** The old one may answer until it is gone, and cut off what it does not answer any more. */
async function untilBack(daemon: DaemonClient): ReturnType<DaemonClient['version']> {
  for (;;) {
    try {
      return await daemon.version({ waitForServer: true });
    } catch (error) {
      if (!isCtlError(error, 'unreachable')) throw error;
    }
  }
}
