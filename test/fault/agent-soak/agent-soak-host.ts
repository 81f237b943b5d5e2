import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';

import { type Container, ContainersService } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { ContainerdClient } from '../../support/containerd-client';
import { within } from '../../support/deadline';
import type { DaemonOptions } from '../../support/test-host';
import { type Kind, kinds, preamble } from './kinds';
import { SoakProgram } from './soak-program';

/** What a soak has done. */
export interface AgentSoakFigures {
  daemonKills: number;
  shimKills: number;
  /** Of these, those of both at the same moment. */
  bothKills: number;
  reboots: number;
  clockSteps: number;
  deeds: number;
  /** Requests that a daemon's death cut off. */
  cut: number;
  starts: number;
  outputBytes: number;
}

/** The host of a soak: its programs, and a daemon that may be dead at any moment. */
export class AgentSoakHost {
  readonly agent = new AgentHost();
  readonly host = this.agent.host;
  readonly figures: AgentSoakFigures = { daemonKills: 0, shimKills: 0, bothKills: 0, reboots: 0, clockSteps: 0, deeds: 0, cut: 0, starts: 0, outputBytes: 0 };
  readonly place = this.host.own('place');
  readonly #programs = new Map<string, SoakProgram>();
  #client: ContainerdClient | undefined;
  #serving: Promise<void> = Promise.resolve();

  /** @param options of every daemon */
  constructor(private readonly options: (host: AgentSoakHost) => DaemonOptions = () => ({})) {
    mkdirSync(this.place);
    execFileSync('mkfifo', [`${this.place}/pause`]);
    for (const kind of kinds) {
      writeFileSync(`${this.place}/${kind.short}.sh`, preamble + kind.body);
      this.define(kind);
      const count = Number(/numprocs = (\d+)/.exec(kind.keys.join('\n'))?.[1] ?? '1');
      for (let number = 0; number < count; number += 1) this.add(kind, count === 1 ? undefined : number);
    }
  }

  get programs(): readonly SoakProgram[] {
    return [...this.#programs.values()];
  }

  of(kind: Kind): readonly SoakProgram[] {
    return this.programs.filter((program) => program.kind === kind);
  }

  add(kind: Kind, number?: number): void {
    const name = this.agent.name(kind.short);
    const fullName = number === undefined ? name : `${name}:${name}_${String(number).padStart(2, '0')}`;
    this.#programs.set(fullName, new SoakProgram(kind, fullName, this.place, `${this.host.directory}/root`));
  }

  remove(program: SoakProgram): void {
    program.forget();
    this.#programs.delete(program.fullName);
  }

  /** Writes its definition. @param version other than the last one's: its processes are started anew @param pids a limit */
  define(kind: Kind, version = '', pids = 100): void {
    const fill = (text: string): string => text.replace('BASE', `"${this.agent.name('base')}"`).replace('ONCE', `"${this.agent.name('once')}"`).replace('DIRECTORY', this.place);
    const keys = [`command = ["bash", "${this.place}/${kind.short}.sh", "${this.place}"]`, ...kind.keys, ...(version === '' ? [] : [`environment = { VERSION = "${version}" }`])];
    const tables = Object.fromEntries(Object.entries({ ...kind.tables, limits: [`pids = ${String(pids)}`] }).map(([name, lines]) => [name, lines.map(fill)]));
    this.agent.define(kind.short, keys.map(fill), tables);
  }

  /** The first daemon, or one after another's death; it may be killed before it serves. */
  begin(): Promise<void> {
    this.#serving = this.#begin();
    return this.#serving;
  }

  async #begin(): Promise<void> {
    for (;;) {
      try {
        const { flags } = this.agent.daemonOptions;
        await this.host.startDaemon({ flags: flags ?? [], ...this.options(this) });
        this.#client?.close();
        this.#client = new ContainerdClient(this.host.socketPath);
        return;
      } catch (error) {
        if (!this.host.daemon.hasEnded) throw error;
        const exit = await this.host.daemon.exited;
        if (exit.signal !== 'SIGKILL') throw error;
      }
    }
  }

  /** SIGKILLs it. @returns what resolves when the next one serves */
  killDaemon(): Promise<void> {
    const { daemon } = this.host;
    if (daemon.hasEnded) return this.#serving;
    daemon.kill('SIGKILL');
    this.figures.daemonKills += 1;
    const before = this.#serving;
    // One that is about to be started looks after that itself.
    return (this.#serving = before.then(async () => {
      await daemon.exited;
      if (this.host.daemon === daemon) await this.#begin();
    }));
  }

  /** The daemon dies, and the next one comes after `meanwhile`. */
  async crash(meanwhile: () => Promise<void>): Promise<void> {
    await this.host.stopDaemon('SIGKILL');
    await meanwhile();
    await this.begin();
  }

  /** Asks until it is answered: a daemon's death in between leaves open whether it was done. */
  async ask<T>(call: (client: ContainerdClient) => Promise<T>): Promise<T> {
    for (;;) {
      await this.#serving;
      const { daemon } = this.host;
      if (this.#client === undefined) throw new Error('no daemon was started');
      try {
        return await call(this.#client);
      } catch (error) {
        const refusal = error as ServiceError;
        if (refusal.code !== status.UNAVAILABLE && !daemon.hasEnded) throw refusal;
        this.figures.cut += 1;
        await within(daemon.exited, `the end of the daemon that broke a connection (${refusal.message})`);
      }
    }
  }

  async list(): Promise<ReadonlyMap<string, Container>> {
    const { containers } = await this.ask((client) => client.ask(ContainersService.list, { names: [], all_namespaces: false }));
    return new Map(containers.map((container) => [container.name, container]));
  }

  /** For who looks into a failure: AGENT_SOAK_KEEP names a directory that its host is copied to. */
  keepTraces(): void {
    const keep = process.env['AGENT_SOAK_KEEP'];
    // What comes and goes meanwhile may be missing.
    if (keep !== undefined) spawnSync('cp', ['-a', this.host.directory, keep]);
  }

  async end(): Promise<void> {
    await this.#serving;
    this.#client?.close();
    await this.agent.cleanUp();
  }
}
