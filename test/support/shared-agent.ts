import { mkdirSync } from 'node:fs';

import { AgentHost, endPrograms } from './agent-host';
import { forgetPrograms } from './forget';
import { SharedHost } from './shared-host';

/** A {@link SharedHost} whose daemon reads what a test defines, which is nothing as a test begins. What a test has run or defined is forgotten after it. */
export class SharedAgent {
  readonly #shared = new SharedHost((host) => {
    mkdirSync(host.own('programs'));
    return { flags: ['--programs', host.own('programs')], env: {} };
  });
  #agent: AgentHost | undefined;

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
