import { type Container, State } from '../../api/gen/holdfast/v1/containers';
import type { DaemonClient } from '../daemon-client';
import { CtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { INIT } from '../names';
import { seconds } from '../option-values';
import { isDown } from '../text/status-line';
import { after } from '../timer';
import type { Tool } from '../tool';
import { InvalidArgumentError } from 'commander';
import type { Verb } from '../verb';

const conditions = ['ended', 'running', 'stopped'] as const;
type Condition = (typeof conditions)[number];

interface WaitOptions {
  readonly for: Condition;
  readonly timeout?: number;
  readonly passthrough?: boolean;
}

export function defineWait(program: Verb, tool: Tool): void {
  program
    .verb('wait', {
      group: 'Once',
      summary: 'waits for the end of a program, and prints its exit status',
      example: 'wait --timeout 30 migrate',
      statuses: '124 too late; 130 interrupted',
    })
    .argument('<name>', 'its name')
    .option('--for <what>', 'ended, running or stopped', condition, 'ended')
    .option('-t, --timeout <seconds>', 'how long at the most', seconds)
    .option('--passthrough', 'exit with its exit status')
    .action((name: string, options: WaitOptions) => waitFor(tool, name, options));
}

function condition(value: string): Condition {
  const known = conditions.find((one) => one === value);
  if (known === undefined) throw new InvalidArgumentError(`One of ${conditions.join(', ')} is wanted.`);
  return known;
}

async function waitFor(tool: Tool, name: string, options: WaitOptions): Promise<void> {
  const daemon = await tool.connect();
  const over = new AbortController();
  const reason = new Map<'why', 'late' | 'interrupted'>();
  const giveUp = (why: 'late' | 'interrupted') => (): void => {
    reason.set('why', why);
    over.abort();
  };
  const stopTimer = options.timeout === undefined ? undefined : after(options.timeout * 1000, giveUp('late'));
  const stopListening = tool.io.onSignal('SIGINT', giveUp('interrupted'));
  try {
    if (options.for === 'running') await untilRunning(daemon, name, over.signal);
    else await untilEnded(tool, daemon, name, options, over.signal);
  } catch (error) {
    if (reason.get('why') === 'interrupted') throw new CtlError('interrupted', `interrupted; ${name} goes on`, { exitStatus: exitStatus.interrupted });
    if (reason.get('why') === undefined) throw error;
    throw new CtlError('refused', `${name} is not ${options.for} after ${String(options.timeout)} s`, { exitStatus: exitStatus.timedOut });
  } finally {
    stopTimer?.();
    stopListening();
  }
}

async function untilEnded(tool: Tool, daemon: DaemonClient, name: string, options: WaitOptions, signal: AbortSignal): Promise<void> {
  if (options.for === 'stopped' && isDown((await found(daemon, name)).state)) return;
  const { end } = await daemon.wait(name, INIT, signal);
  if (options.for === 'stopped') return;
  const status = end?.exit_status ?? 0;
  tool.print(String(status));
  if (options.passthrough === true) tool.finish(status);
}

/** Looked at after the subscription: no start slips through in between. */
async function untilRunning(daemon: DaemonClient, name: string, signal: AbortSignal): Promise<void> {
  const { namespace, id } = await found(daemon, name);
  const events = await daemon.events({ name: `${namespace}/${id}` });
  signal.addEventListener('abort', () => { events.close(); });
  try {
    if ((await found(daemon, name)).state === State.RUNNING) return;
    for await (const { type } of events) if (type === 'start-container') return;
    throw new CtlError('unreachable', 'the daemon has ended the subscription');
  } finally {
    events.close();
  }
}

async function found(daemon: DaemonClient, name: string): Promise<Container> {
  const container = await daemon.container(name);
  if (container === undefined) throw new CtlError('no-such-process', `${name}: no such process`);
  return container;
}
