import { mkdirSync } from 'node:fs';

import { AgentHost, endPrograms } from './agent-host';
import { Faults } from './faults';
import { forgetPrograms } from './forget';
import { SharedHost } from './shared-host';

/** A {@link SharedHost} whose daemon reads what a test defines, which is nothing as a test begins. What a test has run or defined is forgotten after it. */
export class SharedAgent {
  readonly #shared = new SharedHost((host) => {
    mkdirSync(host.own('programs'));
    this.#faults = new Faults(host, this.faultsOfTests);
    return { flags: ['--programs', host.own('programs')], ...this.#faults.daemonOptions };
  });
  #agent: AgentHost | undefined;
  #faults: Faults | undefined;

  /** @param faultsOfTests what tests may arm: see {@link Faults} */
  constructor(private readonly faultsOfTests: readonly string[] = []) {}

  /** Of the host that the test has. */
  get faults(): Faults {
    if (this.#faults === undefined) throw new Error('no host was taken');
    return this.#faults;
  }

  async take(): Promise<AgentHost> {
    this.#agent = new AgentHost(await this.#shared.take());
    this.#agent.connect();
    return this.#agent;
  }

  /** @throws LeftoverError */
  async giveBack(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    if (agent === undefined) return;
    this.faults.disarm();
    if (agent.host.daemon.hasEnded) await agent.startDaemon();
    agent.close();
    await forgetPrograms(agent.host);
    await endPrograms(agent.host);
    await this.#shared.giveBack();
  }

  /** @throws LeftoverError */
  close(): Promise<void> {
    return this.#shared.close();
  }
}
