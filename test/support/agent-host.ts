import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { type Container, ContainersService, State } from '../../src/api/gen/holdfast/v1/containers';
import { DefinitionsService } from '../../src/api/gen/holdfast/v1/definitions';
import { ContainerdClient } from './containerd-client';
import { within } from './deadline';
import { type DaemonOptions, TestHost } from './test-host';

/** Who looked all the time would take the processor from what is looked at. */
const betweenLooksMs = 10;

/** Has all programs forgotten that files of a host define: nothing is defined any more. What takes its time to stop is killed: that is not what is tested here. */
export async function endPrograms(host: TestHost): Promise<void> {
  rmSync(host.own('programs'), { recursive: true });
  const client = new ContainerdClient(host.socketPath);
  try {
    const updated = client.all(DefinitionsService.update, { names: [], dry_run: false }).then(() => true);
    while (!(await Promise.race([updated, delay(100, false)]))) await killStopping(client);
  } finally {
    client.close();
  }
}

async function killStopping(client: ContainerdClient): Promise<void> {
  const { containers } = await client.ask(ContainersService.list, { names: [], all_namespaces: false });
  for (const { name, state } of containers) {
    // It may be over by now.
    if (state === State.STOPPING) await client.refusal(ContainersService.signal, { name, process: '', signal: 9 });
  }
}

/** A host whose daemon keeps running what a test defines. Names of programs are the host's, as their cgroups are everyone's. */
export class AgentHost {
  readonly #suffix = randomBytes(4).toString('hex');
  #client: ContainerdClient | undefined;

  constructor(readonly host = new TestHost()) {
    this.makeDirectory();
  }

  /** Of the definitions. */
  makeDirectory(): void {
    mkdirSync(this.host.own('programs'), { recursive: true });
  }

  /** Of a program of this host. */
  name(short: string): string {
    return `${short}-${this.#suffix}`;
  }

  /** Writes a file that defines a program. @param keys in the program's table @param tables such as `.restart`, below it */
  define(short: string, keys: readonly string[], tables: Readonly<Record<string, readonly string[]>> = {}): void {
    const table = `program.${this.name(short)}`;
    const inner = Object.entries(tables).flatMap(([key, lines]) => [`[${table}.${key}]`, ...lines]);
    writeFileSync(`${this.host.own('programs')}/${short}.toml`, [`[${table}]`, ...keys, ...inner, ''].join('\n'));
  }

  /** A command that writes the program's name down, and then does that. */
  script(short: string, then: string): string {
    return `command = ["sh", "-c", '''echo ${short} >> ${this.host.own('starts')}; ${then}''']`;
  }

  /** Who has started, in that order. */
  get starts(): readonly string[] {
    return this.lines('starts');
  }

  /** Of one of the test's own files, which may not be there. */
  lines(file: string): readonly string[] {
    const path = this.host.own(file);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter((line) => line !== '') : [];
  }

  write(file: string, text: string): void {
    writeFileSync(this.host.own(file), text);
  }

  /** Of a daemon that reads what is defined. */
  get daemonOptions(): DaemonOptions {
    return { flags: ['--programs', this.host.own('programs')] };
  }

  /** @param more than what it is started with always: its environment, another program */
  async startDaemon(env: Readonly<Record<string, string>> = {}, more: Pick<DaemonOptions, 'program'> = {}): Promise<void> {
    await this.host.startDaemon({ ...this.daemonOptions, env, ...more });
    this.connect();
  }

  /** Starts one as the last one was, which has ended. */
  async startAgain(): Promise<void> {
    await this.host.startDaemon(this.host.daemonOptions);
    this.connect();
  }

  /** Has the daemon that is there take into use what is defined, as one does that starts. For a host whose daemon tests have in turn. */
  async takeUp(): Promise<void> {
    await this.client.all(DefinitionsService.update, { names: [], dry_run: false });
  }

  /** To the daemon that is there. */
  connect(): void {
    this.close();
    this.#client = new ContainerdClient(this.host.socketPath);
  }

  /** Its daemon is killed, and another one has its place. */
  async killDaemon(): Promise<void> {
    await this.host.stopDaemon('SIGKILL');
    await this.startDaemon();
  }

  get client(): ContainerdClient {
    if (this.#client === undefined) throw new Error('no daemon was started');
    return this.#client;
  }

  async look(short: string): Promise<Container> {
    const { containers } = await this.client.ask(ContainersService.list, { names: [], all_namespaces: false });
    const found = containers.find(({ name }) => name === this.name(short));
    if (found === undefined) throw new Error(`${short} is not there`);
    return found;
  }

  /** Looks until it is so. */
  until(short: string, what: string, isIt: (container: Container) => boolean): Promise<Container> {
    let last: Container | undefined;
    const looking = async (): Promise<Container> => {
      for (;;) {
        if (isIt(last = await this.look(short))) return last;
        await delay(betweenLooksMs);
      }
    };
    return within(looking(), `${what}, of ${short}`, undefined, () => `${State[last?.state ?? 0]} ${last?.reason ?? ''}\n${this.host.daemon.log()}`);
  }

  /** A shell takes a moment to write down that it runs. @param line what it writes @throws where it has been started more often */
  async untilStarted(line: string, times: number, short = line): Promise<void> {
    const count = (): number => this.starts.filter((written) => written === line).length;
    await this.until(short, `${String(times)} starts`, () => count() >= times);
    expect(count()).toBe(times);
  }

  untilState(short: string, state: State): Promise<Container> {
    return this.until(short, State[state], (container) => container.state === state);
  }

  async ask(verb: 'start' | 'stop' | 'restart', short: string): Promise<void> {
    const names = [this.name(short)];
    if (verb === 'start') await this.client.all(ContainersService.start, { names, definition: undefined, stdio: undefined });
    else await this.client.all(ContainersService[verb], { names, signal: 0, timeout_ms: undefined });
  }

  /** Lets go of the daemon. */
  close(): void {
    this.#client?.close();
  }

  /** Ends its programs, of which there are none where a test has failed before a daemon was there, and takes the host away, whatever else fails. @throws LeftoverError */
  async cleanUp(): Promise<void> {
    this.close();
    try {
      if (this.host.hadDaemon) await this.#endPrograms();
    } finally {
      await this.host.cleanUp();
    }
  }

  async #endPrograms(): Promise<void> {
    if (this.host.daemon.hasEnded) await this.startDaemon();
    await endPrograms(this.host);
  }
}
