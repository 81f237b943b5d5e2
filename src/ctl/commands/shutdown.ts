import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { refusesWords } from '../acting';
import { confirmed } from '../confirm';
import { isCtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { messageOf } from '../../sys/thrown';

export function defineShutdown(program: Verb, tool: Tool): void {
  program
    .verb('shutdown', { group: 'Daemon', summary: 'ends the daemon; its containers live on', example: 'shutdown' })
    .option('-y, --yes', 'do not ask')
    .allowExcessArguments()
    .action(async (options: { readonly yes?: boolean }, verb: Verb) => {
      if (!refusesWords(tool, verb) && await confirmed(tool, options, 'Really shut the remote holdfastd process down')) await shutdown(tool).catch((error: unknown) => { sayGone(tool, error); });
    });
}

/** Where nobody listens this has, in supervisorctl's words, perhaps been done before. @throws any other error */
function sayGone(tool: Tool, error: unknown): void {
  if (!isCtlError(error, 'unreachable') || !/(no such file|refused connection)$/.test(error.message)) throw error;
  tool.print(`ERROR: ${error.message} (already shut down?)`);
  if (error.hint !== undefined) tool.hint(error.hint);
  tool.finish(exitStatus.failed);
}

/** The API cannot end its server: the process behind the socket is sent SIGTERM, and waited for. */
async function shutdown(tool: Tool): Promise<void> {
  const [{ daemonPid }, { openPidFd, signalPidFd }, { Poller }] = await Promise.all([
    import('../daemon/daemon-pid'),
    import('../../sys/process/process'),
    import('../../sys/poller'),
  ]);
  const pidFd = openPidFd(await daemonPid(tool.address()));
  const poller = new Poller((error) => tool.explain(messageOf(error)));
  try {
    // A pidfd becomes readable when its process ends (pidfd_open(2)).
    const ended = new Promise<void>((resolve) => {
      poller.watch(pidFd, { in: true }, () => {
        resolve();
      });
    });
    poller.ref();
    signalPidFd(pidFd, constants.signals.SIGTERM);
    await ended;
    tool.print('Shut down');
  } finally {
    poller.close();
    closeSync(pidFd);
  }
}
