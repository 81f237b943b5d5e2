import type { ServiceError } from '@grpc/grpc-js';

import type { ApiClient } from '../../support/api-client';
import { Ordeal } from '../matrix/ordeal';
import type { SoakProcess } from './soak-process';
import { tracesOf, tracesOfExec } from './soak-traces';
import { Unwatched } from './soak-unwatched';

/** What a soak has done. Whatever is lost, doubled, harmed or left behind makes it reject. */
export interface SoakFigures {
  daemonKills: number;
  shimKills: number;
  /** Of these kills, those of daemon and shim at the same moment. */
  bothKills: number;
  /** Shims that went on as another program, in place. */
  upgrades: number;
  starts: number;
  execs: number;
  /** Of the containerd API, in two namespaces. */
  tasks: number;
  taskExecs: number;
  /** Starts and execs that the kills cut off. */
  undone: number;
  /** Comparisons of State, log and processes in the middle of everything, and those that a kill cut off. */
  checks: number;
  cutChecks: number;
  /** Processes that ended while daemon and shim were both dead, and those of them which are told with 255. */
  endsUnseen: number;
  unknownStatuses: number;
  outputBytes: number;
}

/** A shim's death reaches the requests that are under way, and those which the daemon has not heard of it for. */
const shimDeathEchoesMs = 2000;
const withoutShim = 'containerd: shim exited before container process was started';

/** The host of a soak, with what is known of each process that was asked for. */
export class SoakHost {
  readonly ordeal = new Ordeal(['--retain-count=1000000']);
  readonly processes = new Set<SoakProcess>();
  readonly unwatched = new Unwatched(this.ordeal.host, () => this.processes);
  readonly figures: SoakFigures = {
    daemonKills: 0, shimKills: 0, bothKills: 0, upgrades: 0, starts: 0, execs: 0, tasks: 0, taskExecs: 0, undone: 0,
    checks: 0, cutChecks: 0, endsUnseen: 0, unknownStatuses: 0, outputBytes: 0,
  };
  #shimsDiedMs = -Infinity;

  shimsDied(): void {
    this.#shimsDiedMs = performance.now();
  }

  /**
   * Asks for a start. One that does not succeed must have a reason, and have left nothing.
   * @param ask resolves with the process's pid
   * @returns whether it has started
   */
  async start(process: SoakProcess, phase: 'runs' | 'mayEnd', ask: (client: ApiClient) => Promise<number>): Promise<boolean> {
    this.processes.add(process);
    const askedMs = performance.now();
    const outcome = await this.ordeal.call(ask);
    if (outcome.is === 'done' || (outcome.is === 'cut' && (await this.ordeal.isTold(process)))) {
      const pid = outcome.is === 'done' ? outcome.value : await this.#pidOf(process);
      process.started(pid, phase);
      this.ordeal.hasStarted(process);
      return true;
    }
    if (outcome.is === 'refused') this.#expectReason(process, outcome.error, askedMs);
    this.figures.undone += 1;
    this.ordeal.expectUndone(process, undefined, outcome);
    this.#gone(process);
    return false;
  }

  /** Asks until an answer comes: a daemon's death in between leaves open whether it was done. */
  async insist(ask: (client: ApiClient) => Promise<unknown>, mayBeRefused = (): boolean => false): Promise<void> {
    for (let wasCut = false; ; wasCut = true) {
      const outcome = await this.ordeal.call(ask);
      if (outcome.is === 'cut') continue;
      if (outcome.is === 'refused' && !wasCut && !mayBeRefused()) throw outcome.error;
      return;
    }
  }

  /** Waits for the told exit: with it, everything of the process is gone. */
  async untilOver(process: SoakProcess): Promise<void> {
    await this.ordeal.untilExit(process.id, process.processId);
    this.#gone(process);
  }

  /** The status that its exit was told with. */
  statusOf(process: SoakProcess): number | undefined {
    return this.ordeal.history().find((event) => event.type === 'exit' && event.id === process.id && event.pid === process.processId)?.status;
  }

  #gone(process: SoakProcess): void {
    process.phase = 'over';
    const { host } = this.ordeal;
    const traces = process.processId === 'init' ? tracesOf(host, process.id) : tracesOfExec(host, process.id, process.processId);
    if (traces.length > 0) throw new Error(`${process.name} is over, and there are still ${traces.join(', ')}`);
  }

  /** Only a shim's death makes a start fail. */
  #expectReason(process: SoakProcess, error: ServiceError, askedMs: number): void {
    if (this.#shimsDiedMs > askedMs - shimDeathEchoesMs && error.details === withoutShim) return;
    throw new Error(`${process.name} was refused: ${error.message}`);
  }

  async #pidOf(process: SoakProcess): Promise<number | undefined> {
    const outcome = await this.ordeal.call((client) => client.state());
    if (outcome.is === 'refused') throw outcome.error;
    if (outcome.is === 'cut') return this.#pidOf(process);
    return outcome.value.containers.find((one) => one.id === process.id)?.processes.find((one) => one.pid === process.processId)?.systemPid;
  }
}
