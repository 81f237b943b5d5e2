import { existsSync, readdirSync } from 'node:fs';

import type { Event } from '../../../src/api/gen/legacy/api';
import type { ApiClient } from '../../support/api-client';
import { EventLogReader } from '../../support/event-log-reader';
import type { Ordeal } from '../matrix/ordeal';
import type { SoakProcess } from './soak-process';

/**
 * Compares what runs, what State lists and what the log tells, in the middle of everything. While a check reads, starts and
 * ends go on: what it demands is true of every moment in between.
 */
export class SoakCheck {
  /** As the log has it so far, by `<id> <process>`. */
  readonly #started = new Set<string>();
  readonly #exited = new Set<string>();
  #last: Event | undefined;

  constructor(
    private readonly ordeal: Ordeal,
    private readonly processes: () => Iterable<SoakProcess>,
  ) {}

  /** @returns false where the daemon was killed meanwhile @throws naming all that is wrong */
  async run(): Promise<boolean> {
    const over = new Set([...this.processes()].filter((one) => one.phase === 'over').map((one) => one.id));
    const outcome = await this.ordeal.call((client) => this.#compare(client));
    if (outcome.is === 'refused') throw outcome.error;
    const complaints = [...harmed(this.processes()), ...(outcome.is === 'done' ? outcome.value : []), ...this.#left(over)];
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
    return outcome.is === 'done';
  }

  async #compare(client: ApiClient): Promise<string[]> {
    await this.#readLog(client);
    const exitedBefore = new Set(this.#exited);
    const runningBefore = [...this.#started].filter((name) => !this.#exited.has(name));
    const pausedBefore = new Set([...this.processes()].filter((one) => one.isPaused));
    const { containers } = await client.state();
    const resting = new Map([...this.processes()].filter((one) => one.phase === 'runs').map((one) => [one.name, one]));
    await this.#readLog(client);

    const listed = new Map(containers.flatMap((one) => one.processes.map((process) => [`${one.id} ${process.pid}`, { container: one, systemPid: process.systemPid }])));
    const names = containers.flatMap((one) => one.processes.map((process) => `${one.id} ${process.pid}`));
    const complaints = names.filter((name, at) => names.indexOf(name) !== at).map((name) => `State lists ${name} twice`);
    for (const name of runningBefore) {
      if (!this.#exited.has(name) && !listed.has(name)) complaints.push(`${name} is told to run, and State does not list it`);
    }
    for (const [name, { container, systemPid }] of listed) {
      if (!this.#started.has(name)) complaints.push(`State lists ${name}, whose start is not told`);
      if (exitedBefore.has(name)) complaints.push(`State lists ${name}, whose exit is told`);
      const process = resting.get(name);
      if (process === undefined) continue;
      if (systemPid !== process.pid) complaints.push(`State gives ${name} the pid ${String(systemPid)}, and it is ${String(process.pid)}`);
      const isPaused = pausedBefore.has(process) && process.isPaused;
      if (isPaused && container.status !== 'paused') complaints.push(`${name} was paused, and State says ${container.status}`);
    }
    return complaints;
  }

  /** A restart may bring nothing back. */
  #left(over: ReadonlySet<string>): string[] {
    const { runtimeRoot } = this.ordeal.host;
    const there = [...this.ordeal.host.containerDirectories(), ...(existsSync(runtimeRoot) ? readdirSync(runtimeRoot) : [])];
    const running = new Set([...this.processes()].filter((one) => one.phase !== 'over').map((one) => one.id));
    return there.filter((id) => over.has(id) && !running.has(id)).map((id) => `${id} is over, and still there`);
  }

  async #readLog(client: ApiClient): Promise<void> {
    const events = await EventLogReader.stored(client, this.#last?.timestamp ?? { seconds: 0n, nanos: 0 });
    this.#last = events.at(-1) ?? this.#last;
    for (const { type, id, pid } of events) {
      if (type.startsWith('start')) this.#started.add(`${id} ${pid || 'init'}`);
      if (type === 'exit') this.#exited.add(`${id} ${pid}`);
    }
  }
}

/** Processes that should run and do not, or not as those which were started. */
export function harmed(processes: Iterable<SoakProcess>): string[] {
  return [...processes]
    .filter((one) => one.phase === 'runs' && !one.isAlive())
    .map((one) => `${one.name} ran as ${String(one.pid)}, and is gone: nobody had ended it`);
}
