import type { Clocks } from '../../../../src/agent/machine/clocks';
import type { ProgramEvent } from '../../../../src/agent/machine/event';
import type { Policy } from '../../../../src/agent/machine/policy';
import { type Found, restoreEvent } from '../../../../src/agent/machine/restore';
import { type Act, type Stored, actOf, newlyDefined } from '../../../../src/agent/machine/state';
import { step } from '../../../../src/agent/machine/step';
import { later, start } from './policies';

/** What a daemon is about to do; all of it goes with the daemon. */
type Pending =
  | { readonly is: 'act'; readonly act: Act }
  | { readonly is: 'report'; readonly generation: number; readonly event: ProgramEvent };

interface Process {
  readonly generation: number;
  isAlive: boolean;
  status: number;
  isDoomed: boolean;
}

/**
 * A host with one program, and a daemon that may die between any two of its steps: what is written down and the processes stay. It does
 * by itself what the engine does by the supervisor, and counts what must never be.
 */
export class World {
  stored: Stored | undefined = newlyDefined(start);
  now: Clocks = start;
  readonly processes: Process[] = [];
  readonly mistakes: string[] = [];
  /** Who is to hear of a program that was given up has heard of it, of these generations. */
  readonly fatalTold: number[] = [];
  pending: Pending[] = [];
  /** What it depends on is as it has to be. */
  areDependenciesMet = true;
  #boots = 1;

  constructor(readonly policy: Policy, private readonly random: () => number) {
    this.take({ kind: 'scheduled', isWanted: policy.autostart });
  }

  get alive(): Process | undefined {
    return this.processes.find(({ isAlive }) => isAlive);
  }

  /** The event is taken: what becomes of it is written down, and what is to be done is pending. */
  take(event: ProgramEvent): void {
    const act = this.#write(event);
    if (act !== undefined) this.pending.push({ is: 'act', act });
  }

  #write(event: ProgramEvent): Act | undefined {
    if (this.stored === undefined) return undefined;
    const before = this.stored;
    const { stored, act } = step(before, { event, policy: this.policy, now: this.now, random: this.random(), areDependenciesMet: this.areDependenciesMet });
    if (act?.kind === 'start' && !this.areDependenciesMet) this.mistakes.push('a start before what it depends on');
    if (stored === undefined && this.alive !== undefined) this.mistakes.push('forgotten while it runs');
    if (stored !== undefined && stored.generation < before.generation) this.mistakes.push('a generation comes again');
    if (act?.kind === 'start' && stored?.generation !== before.generation + 1) this.mistakes.push('a start without a new generation');
    const { due } = stored ?? {};
    if (due !== before.due && due !== undefined && due.wallMs <= this.now.wallMs) this.mistakes.push('a time of the schedule comes again at once');
    this.stored = stored;
    return act;
  }

  /** The daemon does the first thing that is pending, or the first of this kind: acts overtake reports, and the other way round. */
  work(kind?: Pending['is']): void {
    const next = this.pending.find(({ is }) => kind === undefined || is === kind);
    if (next === undefined) return;
    this.pending = this.pending.filter((each) => each !== next);
    if (next.is === 'report') {
      if (next.generation === this.stored?.generation) this.take(next.event);
      return;
    }
    this.#act(next.act);
  }

  #act(act: Act): void {
    const { generation } = act;
    const process = this.processes.find((each) => each.generation === generation);
    switch (act.kind) {
      case 'start':
        if (process === undefined) this.#startProcess(generation);
        return;
      case 'tell-fatal':
        this.fatalTold.push(generation);
        this.#report(generation, { kind: 'fatal-told' });
        return;
      case 'call-off':
        // What is under way in order: nothing is started later than it is called off.
        this.pending = this.pending.filter((each) => each.is === 'report' || each.act.kind !== 'start');
        if (process === undefined) this.#report(generation, { kind: 'start-failed', detail: '', failure: 'other' });
        return;
      case 'signal':
        if (process?.isAlive === true) {
          process.isDoomed = true;
          if (act.step === this.policy.stopSteps.length) this.end(137);
        }
        this.#report(generation, { kind: 'signalled', step: act.step });
    }
  }

  #startProcess(generation: number): void {
    if (this.alive !== undefined) this.mistakes.push(`${String(generation)} started beside ${String(this.alive.generation)}`);
    this.processes.push({ generation, isAlive: true, status: 0, isDoomed: false });
    this.#report(generation, { kind: 'up', ranMs: 0 });
  }

  #report(generation: number, event: ProgramEvent): void {
    this.pending.push({ is: 'report', generation, event });
  }

  /** Its process ends; the report comes after that of its start. */
  end(status: number): void {
    const process = this.alive;
    if (process === undefined) return;
    Object.assign(process, { isAlive: false, status });
    this.#report(process.generation, { kind: 'ended', status, unknown: '' });
  }

  pass(ms: number, wallStepMs = 0): void {
    this.now = { ...later(this.now, ms), wallMs: this.now.wallMs + ms + wallStepMs };
    this.take({ kind: 'timer' });
  }

  /** What it depends on comes, or goes. */
  setDependencies(areMet: boolean): void {
    this.areDependenciesMet = areMet;
    this.take({ kind: 'dependencies-met' });
  }

  /** The daemon dies, and another one comes; or the host does, and nothing of what ran is there. */
  restart(isReboot: boolean): void {
    this.pending = [];
    if (isReboot) {
      this.processes.forEach((process) => { process.isAlive = false; });
      this.now = { ...this.now, bootId: `boot-${String(++this.#boots)}`, bootMs: 0 };
    }
    const { stored } = this;
    if (stored === undefined) return;
    const event = isReboot ? ({ kind: 'boot' } as const) : restoreEvent(stored, this.#found(stored), this.now);
    if (event !== undefined) this.#write(event);
    this.#write({ kind: 'scheduled', isWanted: false });
    this.#write({ kind: 'missed' });
    const act = this.stored && actOf(this.stored);
    if (act !== undefined) this.pending.push({ is: 'act', act });
  }

  #found({ generation }: Stored): Found {
    if (this.alive !== undefined) return { is: 'alive', ranMs: 1 };
    const process = this.processes.find((each) => each.generation === generation);
    return process === undefined ? { is: 'nothing' } : { is: 'ended', status: process.status };
  }

  /** All that is under way comes to its end, as nothing else happens: its process runs on, unless a stop has its way. */
  settle(): void {
    this.setDependencies(true);
    for (let i = 0; i < 40 && !this.#isSettled(); i++) {
      while (this.pending.length > 0) this.work();
      this.pass(70_000);
      if (this.stored?.state === 'STARTING' && this.stored.phase === 'readiness') this.#becomeReady();
    }
  }

  #becomeReady(): void {
    this.take({ kind: 'ready' });
    this.take({ kind: 'checked', isWell: true, detail: '' });
  }

  #isSettled(): boolean {
    if (this.pending.length > 0) return false;
    const state = this.stored?.state;
    return state === undefined || state === 'STOPPED' || state === 'RUNNING' || state === 'EXITED' || state === 'FATAL' || state === 'UNKNOWN';
  }
}
