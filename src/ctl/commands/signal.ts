import { State } from '../../api/gen/holdfast/v1/containers';
import { missingName } from '../acting';
import { CtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { INIT, selectContainers } from '../names';
import { onEach } from '../on-each';
import { resultLine } from '../text/result-line';
import { signalNumber } from '../../runtime/text/signals';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

export function defineSignal(program: Verb, tool: Tool): void {
  program
    .verb('signal', {
      group: 'Act',
      summary: "sends a signal to programs' first processes",
      example: 'signal HUP web',
      statuses: '7 it does not run',
    })
    .argument('[signal]', 'HUP, SIGHUP or 1')
    .argument('[names...]', 'names, shell patterns, or all')
    .action((signal: string | undefined, names: string[]) => signalAll(tool, signal, names));
}

async function signalAll(tool: Tool, signal: string | undefined, names: readonly string[]): Promise<void> {
  if (signal === undefined || names.length === 0) {
    missingName(tool, 'signal', 'a signal name and a process name');
    return;
  }
  const number = signalNumber(signal);
  if (number === undefined) {
    const { unknown } = await selectContainers(await tool.connect(), names);
    for (const name of names) tool.print(resultLine(name, unknown.includes(name) ? 'no such process' : 'bad signal name'));
    tool.hint('Write it like HUP, SIGHUP or 1; "kill -l" lists them.');
    tool.finish(exitStatus.failed);
    return;
  }
  await onEach(tool, names, 'signalled', async (daemon, { name, state }) => {
    if (state === State.STOPPED || state === State.EXITED || state === State.FATAL) throw new CtlError('not-running', `${name} does not run`);
    await daemon.signal(name, INIT, number);
  });
}
