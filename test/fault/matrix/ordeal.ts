import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { existsSync, readdirSync } from 'node:fs';

import type { Event } from '../../../src/api/gen/legacy/api';
import type { ApiClient } from '../../support/api-client';
import { DeadlineError, within } from '../../support/deadline';
import { EventLogReader, lineOf, nanosecondsOf } from '../../support/event-log-reader';
import { processesNaming, signalExactly } from '../../support/processes';
import { TestHost } from '../../support/test-host';
import type { DaemonOptions } from '../../support/test-host';
import { type AskedFor, complaintsOf } from './history';

/** Longer than a shim may hang before it is replaced. */
const patienceMs = 60_000;
const epoch = { seconds: 0n, nanos: 0 };

/** How a request ended: answered, refused by the daemon, or with the daemon's death, after which another serves. */
export type Outcome<T> = { readonly is: 'done'; readonly value: T } | { readonly is: 'refused'; readonly error: ServiceError } | { readonly is: 'cut' };

/**
 * A host whose daemon may die at any moment: whenever it has, the next is started, without faults, and the client's
 * subscription resumed. At the end, what the client was told must be what is stored, and a true history.
 */
export class Ordeal {
  readonly host = new TestHost();
  readonly #succeeded: AskedFor[] = [];
  readonly #maybe: AskedFor[] = [];
  /** Pids that must not change, by container id. */
  readonly #running = new Map<string, number>();
  readonly #told: Event[] = [];
  #reader: EventLogReader | undefined;
  #reviving: Promise<void> | undefined;
  #isGivenUp = false;
  #lasting: readonly string[] = [];

  /** @param flags of every daemon of this host */
  constructor(private readonly flags: readonly string[] = []) {}

  /** The faults, each once, as HOLDFAST_FAULTS has them. */
  faults(plan: readonly string[]): Record<string, string> {
    return { HOLDFAST_FAULTS: plan.map((fault) => `${fault}@${this.mark(fault)}`).join(',') };
  }

  /** Exists when that fault of a plan has struck. */
  mark(fault: string): string {
    return this.host.own(`struck-${fault}`);
  }

  /**
   * Starts a daemon with faults, and where these end it, one without.
   * @param program another release's, and the environment that this one needs
   */
  async start(plan: readonly string[], release: Pick<DaemonOptions, 'program' | 'env'> = {}): Promise<void> {
    const options = { flags: this.flags, ...release, env: { ...release.env, ...this.faults(plan) } };
    for (let must = false; !(await this.#serves(must ? { flags: this.flags } : options, must)); must = true);
    try {
      await this.#resume();
    } catch (error) {
      // It has come to a fault beside the requests.
      if (!isBroken(error as ServiceError)) throw error;
      await this.revive();
    }
  }

  /** As `start`, and each daemon after it gets those faults too that have not struck yet. */
  async startAmong(plan: readonly string[]): Promise<void> {
    this.#lasting = plan;
    await this.start(plan);
  }

  /** SIGKILLs the daemon, and lets the next one come as far as its faults allow. */
  async restart(plan: readonly string[]): Promise<void> {
    await this.stop();
    await this.#serves({ flags: this.flags, env: this.faults(plan) });
  }

  /** SIGKILLs the daemon, if it runs. */
  async stop(): Promise<void> {
    this.#keepTold();
    await this.host.daemon.stop('SIGKILL');
  }

  async call<T>(work: (client: ApiClient) => Promise<T>): Promise<Outcome<T>> {
    await this.#reviving;
    const { daemon } = this.host;
    try {
      return { is: 'done', value: await work(this.host.client) };
    } catch (error) {
      const refusal = error as ServiceError;
      if (!isBroken(refusal)) return { is: 'refused', error: refusal };
      await within(daemon.exited, `the end of the daemon that broke a connection (${refusal.message})`);
      await this.revive(daemon);
      return { is: 'cut' };
    }
  }

  /** Has it started, however often that takes; each try that does not succeed must have left nothing. */
  async started(request: AskedFor, ask: (client: ApiClient) => Promise<unknown>, attempts = 5): Promise<void> {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const outcome = await this.call(ask);
      const process = await this.#processOf(request);
      if (outcome.is === 'done' || (outcome.is === 'cut' && process !== undefined)) {
        this.#succeeded.push(request);
        if (process === undefined) throw new Error(`${request.id} ${request.processId} was started, and is not there`);
        if (request.processId === 'init') this.#running.set(request.id, process);
        return;
      }
      this.expectUndone(request, process, outcome);
    }
    throw new Error(`${request.id} ${request.processId} was not started in ${String(attempts)} attempts`);
  }

  /** Throws where anything of a start is left that did not succeed. */
  expectUndone({ id, processId }: AskedFor, process: number | undefined, outcome: Outcome<unknown>): void {
    const how = outcome.is === 'refused' ? outcome.error.details : outcome.is;
    const left = processId === 'init' ? [...this.host.containerDirectories(), ...this.#inRuntime()].filter((name) => name === id) : this.#execDirectories(id, processId);
    if (process !== undefined || left.length > 0) throw new Error(`${id} ${processId} did not start (${how}), and is not undone: ${left.join(', ') || 'it runs'}`);
    const told = this.history().filter((event) => event.id === id && (event.pid || 'init') === processId);
    if (told.length > 0) throw new Error(`${id} ${processId} did not start (${how}), and is told: ${told.map(lineOf).join(', ')}`);
  }

  /** A client saw this start succeed, or found it in the history after a cut. @param pid where it must run on */
  hasStarted(request: AskedFor, pid?: number): void {
    this.#succeeded.push(request);
    if (pid !== undefined) this.#running.set(request.id, pid);
  }

  /** Whether the start is in the history that is stored. */
  async isTold({ id, processId }: AskedFor): Promise<boolean> {
    const stored = await this.call((client) => EventLogReader.stored(client, epoch, id));
    if (stored.is !== 'done') return this.isTold({ id, processId, statuses: [] });
    return stored.value.some((event) => event.type.startsWith('start') && (event.pid || 'init') === processId);
  }

  /** From now on this container may end. */
  ends(id: string): void {
    this.#running.delete(id);
  }

  /** A start that is cut off on purpose: it may be in the history. */
  mayHave(request: AskedFor): void {
    this.#maybe.push(request);
  }

  /** Waits until the exit is told, through the deaths of daemons. */
  async untilExit(id: string, processId = 'init'): Promise<void> {
    this.ends(id);
    const isIt = (event: Event): boolean => event.type === 'exit' && event.id === id && event.pid === processId;
    for (await this.#reviving; !this.history().some(isIt); await this.#reviving) {
      const { daemon } = this.host;
      const seen = this.#reader?.until(isIt, `the exit of ${processId} of ${id}`, { deadlineMs: patienceMs }).then(() => true, async (error: unknown) => {
        if (error instanceof DeadlineError) throw error;
        await within(daemon.exited, 'the end of the daemon that ended the events');
        return false;
      });
      const died = daemon.exited.then(() => false);
      if ((await Promise.race([seen, died])) === false) await this.revive(daemon);
    }
  }

  /** Resolves when that has happened, or the daemon has died of it and another serves. */
  async untilStruck(happened: Promise<void>): Promise<void> {
    await happened;
    await this.#settleDeath();
  }

  /** SIGKILLs every shim that runs. */
  killShims(): void {
    for (const shim of processesNaming(`--serve ${this.host.stateDir}`)) signalExactly(shim, 'SIGKILL');
  }

  /** All events that the client was told, over all its subscriptions. */
  history(): readonly Event[] {
    return [...this.#told, ...(this.#reader?.events ?? [])];
  }

  /** After the end of this daemon: the next one serves, and what ran before runs. */
  async revive(daemon = this.host.daemon): Promise<void> {
    // Several may have met the same end.
    if (this.#reviving === undefined && this.host.daemon !== daemon) return;
    if (this.#isGivenUp) throw new Error('given up');
    this.#reviving ??= this.#revive().finally(() => (this.#reviving = undefined));
    await this.#reviving;
  }

  /** After a failure: whoever is still at work gets no other daemon, and everything is removed. */
  async giveUp(): Promise<void> {
    this.#isGivenUp = true;
    await this.#reviving?.catch(() => undefined);
    await this.host.cleanUp().catch(() => undefined);
  }

  /** Everything has ended: compares what was told with what is stored, and looks for what is left behind. */
  async finish(): Promise<void> {
    await this.#settleDeath();
    const stored = await EventLogReader.stored(this.host.client, epoch);
    const last = stored.at(-1);
    const isLast = (event: Event): boolean => last !== undefined && nanosecondsOf(event) >= nanosecondsOf(last);
    // Where it does not come, the comparison says so.
    if (last !== undefined && !this.history().some(isLast)) await this.#reader?.until(isLast, 'the last event').catch(() => undefined);
    expect(complaintsOf(stored, this.#succeeded, this.#maybe)).toEqual([]);
    expect(this.history().map(describe)).toEqual(stored.map(describe));
    expect((await this.host.client.state()).containers).toEqual([]);
    await this.host.cleanUp();
  }

  async #serves(options: DaemonOptions, must = false): Promise<boolean> {
    try {
      await this.host.startDaemon({ ...options, env: { ...this.faults(this.#lasting), ...options.env } });
      return true;
    } catch (error) {
      const exit = await within(this.host.daemon.exited, 'the end of a daemon that does not serve', 5000, () => String(error));
      if (exit.signal !== 'SIGKILL' && (must || exit.code !== 1)) throw error;
      return false;
    }
  }

  async #revive(): Promise<void> {
    for (;;) {
      await within(this.host.daemon.exited, 'the end of the daemon');
      this.#keepTold();
      for (let must = false; !(await this.#serves({ flags: this.flags }, must)); must = true);
      try {
        await this.#resume();
        return;
      } catch (error) {
        // A soak kills it as soon as any other.
        if (!isBroken(error as ServiceError)) throw error;
      }
    }
  }

  async #resume(): Promise<void> {
    const last = this.#told.at(-1)?.timestamp;
    this.#reader = await EventLogReader.open(this.host.client, { timestamp: last ?? epoch });
    const { containers } = await this.host.client.state();
    for (const [id, pid] of this.#running) {
      const found = containers.find((one) => one.id === id)?.processes.find((one) => one.pid === 'init');
      if (found?.systemPid !== pid) throw new Error(`${id} ran as ${String(pid)} before the restart, and now as ${String(found?.systemPid)}`);
    }
  }

  #keepTold(): void {
    this.#told.push(...(this.#reader?.events ?? []));
    this.#reader?.close();
    this.#reader = undefined;
  }

  /** A daemon that is dying answers nobody: whoever asks next would only meet its end. */
  async #settleDeath(): Promise<void> {
    const answered = await this.call((client) => client.state());
    if (answered.is === 'refused') throw answered.error;
  }

  async #processOf({ id, processId }: AskedFor): Promise<number | undefined> {
    const answered = await this.call((client) => client.state());
    if (answered.is !== 'done') return this.#processOf({ id, processId, statuses: [] });
    return answered.value.containers.find((one) => one.id === id)?.processes.find((one) => one.pid === processId)?.systemPid;
  }

  #inRuntime(): string[] {
    return existsSync(this.host.runtimeRoot) ? readdirSync(this.host.runtimeRoot) : [];
  }

  #execDirectories(id: string, processId: string): string[] {
    const directory = `${this.host.stateDir}/${id}`;
    return existsSync(directory) ? readdirSync(directory).filter((name) => name === processId) : [];
  }
}

/** The connection, that is, and not an answer of the daemon: it has this status too. */
function isBroken(error: ServiceError): boolean {
  return error.code === status.UNAVAILABLE && /connection|ECONN|ENOENT|stream/i.test(error.details);
}

function describe(event: Event): string {
  return `${String(nanosecondsOf(event))} ${event.id} ${lineOf(event)}`;
}
