import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';

import { type Container, ContainersService, State } from '../../../src/api/gen/holdfast/v1/containers';
import { endPrograms } from '../../support/agent-host';
import { ContainerdClient } from '../../support/containerd-client';
import { within } from '../../support/deadline';
import { makeFifo } from '../../support/fifo';
import { TestHost } from '../../support/test-host';

/** One program of the agent, whose daemon may die at any moment. It writes down each of its runs, and would tell of a second copy. */
class AgentLife {
  readonly host = new TestHost();
  readonly name = `web-${randomBytes(4).toString('hex')}`;
  readonly mark = this.host.own('struck');
  private readonly runs = this.host.own('runs');
  private client: ContainerdClient | undefined;

  async begin(fault: string): Promise<void> {
    const directory = this.host.own('programs');
    mkdirSync(directory);
    makeFifo(this.host.own('never'));
    const script = [
      `exec 9>${this.host.own('lock')}`,
      `flock -n 9 || { echo "doubled $HOLDFAST_GENERATION" >> ${this.runs}; exit 99; }`,
      `echo "run $HOLDFAST_GENERATION" >> ${this.runs}`,
      'trap "exit 0" TERM',
      // Not a loop that sleeps: each of its programs takes milliseconds.
      `exec 8<>${this.host.own('never')}; while :; do read -r -u 8; done`,
    ].join('\n');
    writeFileSync(`${directory}/web.toml`, [
      `[program.${this.name}]`, `command = ["bash", "-c", '''${script}''']`, 'startsecs = 0.2',
      `[program.${this.name}.restart]`, 'initial = 0.1',
      // Each check writes something down: only where it is about them, so that the other points come as often as they do.
      ...(fault.startsWith('daemon.agent.checking') ? [`[program.${this.name}.health]`, 'exec = ["true"]', 'interval = 0.1', 'start_interval = 0.1'] : []), '',
    ].join('\n'));
    await this.#startDaemon({ HOLDFAST_FAULTS: `${fault}@${this.mark}` });
  }

  async #startDaemon(env: Readonly<Record<string, string>> = {}): Promise<void> {
    try {
      await this.host.startDaemon({ flags: ['--programs', this.host.own('programs')], env });
    } catch (error) {
      // It was to die, and has before it served.
      if (!this.host.daemon.hasEnded || !existsSync(this.mark)) throw error;
      await this.host.startDaemon({ flags: ['--programs', this.host.own('programs')] });
    }
    this.client?.close();
    this.client = new ContainerdClient(this.host.socketPath);
  }

  /** What it asks is answered, or the daemon is dead, and another has its place. @returns whether it was answered */
  async ask(call: (client: ContainerdClient) => Promise<unknown>): Promise<boolean> {
    const { daemon } = this.host;
    if (this.client === undefined) throw new Error('no daemon was started');
    try {
      await call(this.client);
      return true;
    } catch (error) {
      const refusal = error as ServiceError;
      if (refusal.code !== status.UNAVAILABLE && !daemon.hasEnded) throw refusal;
      await within(daemon.exited, `the end of the daemon that broke a connection (${refusal.message})`);
      await this.#startDaemon();
      return false;
    }
  }

  async one(): Promise<Container> {
    for (;;) {
      let found: Container | undefined;
      const asked = await this.ask(async (client) => {
        const { containers } = await client.ask(ContainersService.list, { names: [], all_namespaces: false });
        found = containers.find(({ name }) => name === this.name);
      });
      if (!asked) continue;
      if (found === undefined) throw new Error(`${this.name} is forgotten`);
      return found;
    }
  }

  async until(what: string, isIt: (container: Container) => boolean): Promise<Container> {
    let last: Container | undefined;
    const look = async (): Promise<Container> => {
      for (;;) {
        if (isIt(last = await this.one())) return last;
        // It needs the processor, too.
        await delay(10);
      }
    };
    return within(look(), `${what}, of ${this.name}`, undefined, () => `${State[last?.state ?? 0]} ${last?.reason ?? ''} after ${this.lines().join(', ')}\n${this.host.daemon.log()}`);
  }

  /** RUNNING by itself. */
  async up(): Promise<void> {
    await this.anotherRun(0, 0);
  }

  /** Asks until it is so: a request that its daemon's death has cut off is one that may not have been taken. */
  async restart(): Promise<void> {
    const { pid } = await this.one();
    const before = this.lines().length;
    await this.ask((client) => client.all(ContainersService.restart, { names: [this.name], signal: 0, timeout_ms: undefined }));
    const after = await this.until('its state after a restart', ({ state }) => state === State.RUNNING);
    if (after.pid === pid) await this.restart();
    else await this.anotherRun(pid, before);
  }

  async stop(): Promise<void> {
    await this.ask((client) => client.all(ContainersService.stop, { names: [this.name], signal: 0, timeout_ms: undefined }));
    const { state } = await this.until('its state after a stop', (container) => container.state === State.STOPPED || container.state === State.RUNNING);
    if (state === State.RUNNING) await this.stop();
  }

  async start(): Promise<void> {
    const before = this.lines().length;
    await this.ask((client) => client.all(ContainersService.start, { names: [this.name], definition: undefined, stdio: undefined }));
    const { state } = await this.until('its state after a start', (container) => container.state === State.STOPPED || container.state === State.RUNNING);
    if (state === State.STOPPED) await this.start();
    else await this.anotherRun(0, before);
  }

  /** Its process is killed, and it comes again. */
  async crash(): Promise<void> {
    const { pid } = await this.until('a process', (container) => container.state === State.RUNNING && container.pid !== 0);
    const before = this.lines().length;
    process.kill(pid, 'SIGKILL');
    await this.anotherRun(pid, before);
  }

  /** RUNNING with another process, which has written its line: RUNNING says only that it has not ended, and who is ended before it writes has run unseen. */
  private async anotherRun(pid: number, linesBefore: number): Promise<void> {
    await this.until('another process', (container) => container.state === State.RUNNING && container.pid !== pid && container.pid !== 0 && this.lines().length > linesBefore);
  }

  lines(): string[] {
    return existsSync(this.runs) ? readFileSync(this.runs, 'utf8').split('\n').filter((line) => line !== '') : [];
  }

  async end(): Promise<void> {
    this.client?.close();
    if (this.host.daemon.hasEnded) await this.#startDaemon();
    await endPrograms(this.host);
    await this.host.cleanUp();
  }
}

/** A life from its first start to its last stop, with the daemon killed at the fault. @throws where it was started other than once for each start */
export async function liveThrough(fault: string): Promise<void> {
  const life = new AgentLife();
  await life.begin(fault);
  try {
    await life.up();
    await life.restart();
    await life.crash();
    await life.stop();
    const stopped = await life.one();
    expect([stopped.state, stopped.pid]).toEqual([State.STOPPED, 0]);
    await life.start();
    await life.stop();
    const runs = life.lines();
    expect(new Set(runs).size).toBe(runs.length);
    expect(runs.filter((line) => !line.startsWith('run '))).toEqual([]);
    expect(runs.length).toBeGreaterThanOrEqual(4);
    expect(existsSync(life.mark)).toBe(true);
  } finally {
    await life.end();
  }
}
