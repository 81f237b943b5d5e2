import { setTimeout as delay } from 'node:timers/promises';
import { type Container, State } from '../../api/gen/holdfast/v1/containers';
import type { DaemonClient } from '../daemon/daemon-client';
import { CtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { INIT } from '../names';
import { seconds } from '../option-values';
import { isDown } from '../text/status-line';
import { after } from '../timer';
import type { Tool } from '../tool';
import { InvalidArgumentError } from 'commander';
import type { Verb } from '../verb';

const conditions = ['ended', 'running', 'healthy', 'stopped'] as const;
type Condition = (typeof conditions)[number];

const lookMs = 100;

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
    .option('--for <what>', 'ended, running, healthy or stopped', condition, 'ended')
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
    if (options.for === 'ended') await untilEnded(tool, daemon, name, options, over.signal);
    else await untilSo(daemon, name, options.for, over.signal);
  } catch (error) {
    if (reason.get('why') === 'interrupted') throw new CtlError('interrupted', `interrupted; ${name} goes on`, { exitStatus: exitStatus.interrupted });
    if (reason.get('why') === undefined) throw error;
    const how = options.for === 'healthy' ? ` (${healthWords(await found(daemon, name))})` : '';
    throw new CtlError('refused', `${name} is not ${options.for} after ${String(options.timeout)} s${how}`, { exitStatus: exitStatus.timedOut });
  } finally {
    stopTimer?.();
    stopListening();
  }
}

async function untilEnded(tool: Tool, daemon: DaemonClient, name: string, options: WaitOptions, signal: AbortSignal): Promise<void> {
  const { end } = await daemon.wait(name, INIT, signal);
  const status = end?.exit_status ?? 0;
  tool.print(String(status));
  if (options.passthrough === true) tool.finish(status);
}

/** Looked at again and again: that a program is RUNNING by its definition, or healthy, is no event. Rejects once it is aborted. */
async function untilSo(daemon: DaemonClient, name: string, wanted: Exclude<Condition, 'ended'>, signal: AbortSignal): Promise<void> {
  for (;;) {
    const container = await found(daemon, name);
    if (wanted === 'healthy' && container.state === State.RUNNING && (container.managed?.health ?? '') === '') {
      throw new CtlError('invalid-argument', `${name} has no health check`, { hint: 'One is defined under [program.NAME.health]. Without: --for running' });
    }
    if (isSo(container, wanted)) return;
    await delay(lookMs, undefined, { signal });
  }
}

function isSo({ state, managed }: Container, wanted: Exclude<Condition, 'ended'>): boolean {
  if (wanted === 'stopped') return isDown(state);
  return state === State.RUNNING && (wanted === 'running' || managed?.health === 'healthy');
}

function healthWords({ state, reason, managed }: Container): string {
  const health = managed?.health ?? '';
  const what = health === '' ? State[state] : health;
  return reason === '' || reason.startsWith(what) ? (reason === '' ? what : reason) : `${what}: ${reason}`;
}

async function found(daemon: DaemonClient, name: string): Promise<Container> {
  const container = await daemon.container(name);
  if (container === undefined) throw new CtlError('no-such-process', `${name}: no such process`);
  return container;
}
