import { noSuchProcess } from '../programs/errors';
import type { DependencyView, ManagedOrder, ManagedPrograms, ManagedStart, ManagedView } from '../programs/managed';
import { programKey } from '../programs/name';
import type { StartResult } from '../programs/start-result';
import { tellRequest } from '../programs/tell';
import { messageOf } from '../sys/thrown';
import { within } from '../sys/within';
import { isOfCommandLine, placeText } from './definitions/command-line';
import type { EngineParts } from './engine/parts';
import type { ManagedProgram } from './engine/managed-program';
import type { Wait } from './engine/dependencies';
import { pidOfRun } from './engine/run';
import { type Clocks, msUntil } from './machine/clocks';
import { healthOf } from './machine/health';
import type { Stored } from './machine/state';
import type { Processes } from './processes';
import { reasonOf } from './reason';
import { reloadRun } from './reload';
import { untilChange } from './until-change';

/** The agent's verbs: what clients ask of the programs that files define. It never starts a program beside itself, whatever is killed when. */
export class Agent implements ManagedPrograms {
  constructor(private readonly parts: EngineParts, private readonly processes: Processes) {}

  names(): readonly string[] {
    return this.processes.names();
  }

  find(name: string): ManagedView | undefined {
    const program = this.processes.get(name);
    return program && viewOf(program, this.parts.now());
  }

  downDependenciesOf(name: string): readonly string[] {
    const seen = new Set<string>([name]);
    // Each that is found is looked at in its turn.
    for (const each of seen) for (const wait of this.processes.get(each)?.waits ?? []) if (wait.stored !== undefined) seen.add(wait.name);
    seen.delete(name);
    return [...seen].filter((each) => isDownState(this.processes.get(each)?.stored.state));
  }

  async start(order: ManagedStart): Promise<StartResult> {
    const { isRestart, waitMs } = order;
    const program = this.processes.get(order.name);
    if (program === undefined) return { is: 'no-such-process' };
    const { state } = program.stored;
    if (!isRestart && (state === 'STARTING' || state === 'RUNNING')) return { is: 'already-started' };
    const settled = untilState(program, hasStarted, order.cancel);
    if (!isRestart || state !== 'STARTING') tellRequest(this.parts.programs, 'start', programKey(order.name), order);
    await Promise.all([this.#wish(order, true), program.tell({ kind: 'start' })]);
    const over = waitMs === undefined ? settled : within(waitMs, settled, 'starting' as const);
    const stored = await over;
    return stored === 'starting' ? { is: stored } : this.#startResult(program, stored);
  }

  async #startResult({ definition: { name } }: ManagedProgram, stored: Stored | undefined): Promise<StartResult> {
    if (stored?.state === 'RUNNING' || stored?.state === 'EXITED') return { is: 'started', pid: await pidOfRun(this.parts, name) };
    if (stored === undefined) return { is: 'no-such-process' };
    const detail = reasonOf(stored, this.parts.now(), []);
    if (stored.state === 'FATAL' && stored.failure === 'not-found') return { is: 'no-such-file', detail };
    if (stored.state === 'FATAL' && stored.failure === 'not-executable') return { is: 'not-executable', detail };
    return { is: stored.state === 'STOPPED' ? 'abnormal-termination' : 'spawn-error', detail };
  }

  async stop(order: ManagedOrder, again: boolean, onWaiting: (deadlineNs: bigint) => void): Promise<'stopped' | 'not-running'> {
    const program = this.processes.get(order.name);
    if (program === undefined) return 'not-running';
    const { state } = program.stored;
    const isDown = isDownState(state);
    const unwatch = program.watch((stored) => {
      if (stored?.state === 'STOPPING' && stored.deadline !== undefined) onWaiting(BigInt(stored.deadline.wallMs) * 1_000_000n);
    });
    try {
      const { generation } = program.stored;
      const isOver = (stored: Stored): boolean => (stored.state !== 'STARTING' && stored.state !== 'RUNNING' && stored.state !== 'STOPPING') || stored.generation > generation;
      // Before the state machine is asked: it may be over at once.
      const over = isDown ? Promise.resolve() : untilChange(program, isOver, order.cancel);
      if (!isDown || again) tellRequest(this.parts.programs, 'stop', programKey(order.name), order);
      await Promise.all([this.#wish(order, again), program.tell({ kind: again ? 'restart' : 'stop' })]);
      await over;
    } finally {
      unwatch();
    }
    return isDown ? 'not-running' : 'stopped';
  }

  async reload(order: ManagedOrder): Promise<void> {
    const program = this.processes.get(order.name);
    if (program === undefined) throw noSuchProcess(order.name);
    await reloadRun(this.parts, program.definition, order);
  }

  /** For who asks why. What is done follows from the program's state, which is written for itself. */
  async #wish({ name, by }: ManagedOrder, up: boolean): Promise<void> {
    const { definitions, nowNs, log } = this.parts.programs;
    try {
      await definitions.setWish(name, { up, sinceNs: nowNs(), by });
    } catch (error) {
      log.warn({ program: name, err: messageOf(error) }, 'who asked for it is not written down');
    }
  }
}

function isDownState(state: Stored['state'] | undefined): boolean {
  return state === 'STOPPED' || state === 'EXITED' || state === 'FATAL';
}

function viewOf(program: ManagedProgram, now: Clocks): ManagedView {
  const { stored, definition } = program;
  return {
    state: program.isKnown ? stored.state : 'UNKNOWN',
    reason: program.isKnown ? reasonOf(stored, now, program.waits) : 'where it stands could not be found out yet',
    definedIn: placeText(definition.process.source),
    isOfCommandLine: isOfCommandLine(definition.process),
    nextStartNs: nextStartNs(stored, now),
    failures: stored.failures,
    health: healthOf(stored)?.verdict,
    autostart: definition.policy.autostart,
    pauseMs: stored.state === 'BACKOFF' ? stored.deadline.spanMs : undefined,
    longestPauseMs: definition.policy.restart.maxMs,
    dependencies: program.dependencies.map(dependencyView),
  };
}

function dependencyView({ name, condition, isMet, stored }: Wait): DependencyView {
  const health = condition === 'healthy' && stored?.state === 'RUNNING' ? healthOf(stored) : undefined;
  return { name, condition, isMet, state: stored === undefined ? 'no such program' : (health?.verdict ?? stored.state) };
}

/** Of a pause, or of the schedule. */
function nextStartNs(stored: Stored, now: Clocks): bigint | undefined {
  if (stored.state === 'BACKOFF') return BigInt(now.wallMs + msUntil(stored.deadline, now)) * 1_000_000n;
  return stored.due === undefined || stored.wanted === 'down' ? undefined : BigInt(stored.due.wallMs) * 1_000_000n;
}

function hasStarted({ state }: Stored): boolean {
  return state !== 'STARTING' && state !== 'STOPPING';
}

/** As {@link untilChange}; one that is there already counts, but for that of a start that has not been asked for yet. */
function untilState(program: ManagedProgram, isIt: (stored: Stored) => boolean, cancel: AbortSignal | undefined): Promise<Stored | undefined> {
  const { state } = program.stored;
  if (state === 'RUNNING') return Promise.resolve(program.stored);
  return untilChange(program, isIt, cancel);
}
