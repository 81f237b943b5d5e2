import { existsSync, rmSync } from 'node:fs';

import { ContainersService } from '../../../src/api/gen/holdfast/v1/containers';
import { DefinitionsService } from '../../../src/api/gen/holdfast/v1/definitions';
import { within } from '../../support/deadline';
import { processOf, signalExactly } from '../../support/processes';
import type { Random } from '../soak/soak-random';
import type { AgentSoakHost } from './agent-soak-host';
import { type Deed, type Kind, kinds } from './kinds';
import type { SoakProgram } from './soak-program';

/** Does things to programs, one after the other, as people and accidents do. */
export class Deeds {
  #version = 0;

  /** @param mine the kinds that nobody else does anything to */
  constructor(private readonly soak: AgentSoakHost, private readonly random: Random, private readonly mine: readonly Kind[]) {}

  async one(): Promise<void> {
    const kind = this.mine[this.random.below(this.mine.length)];
    const deed = kind?.deeds[this.random.below(kind.deeds.length)];
    if (kind === undefined || deed === undefined) return;
    const programs = this.soak.of(kind);
    const program = programs[this.random.below(programs.length)];
    if (program === undefined) return;
    this.soak.figures.deeds += 1;
    await within(this.#do(deed, program), `${deed} of ${program.fullName}`, 120_000, () => this.soak.host.daemon.log());
  }

  async #do(deed: Deed, program: SoakProgram): Promise<void> {
    const { soak } = this;
    const { kind } = program;
    switch (deed) {
      case 'start':
      case 'stop':
      case 'restart':
        await this.#request(deed, program);
        return;
      case 'kill': {
        const run = program.traces.runs().at(-1);
        const seen = run && processOf(run.pid);
        if (run === undefined || run.end !== undefined || seen?.commandLine.includes(soak.place) !== true) return;
        program.killed.add(run.generation);
        signalExactly(seen, 'SIGKILL');
        for (const other of this.#followers(kind)) other.asked += 1;
        return;
      }
      case 'harm': {
        // Each start makes it anew, a moment after it has noted that it runs: taken away before that it would harm nobody.
        const well = `${soak.place}/well`;
        while (!existsSync(well)) await pause(50);
        const before = program.traces.runs().length;
        program.asked += 1;
        rmSync(well);
        while (program.traces.runs().length === before) await pause(50);
        return;
      }
      case 'redefine':
        this.#version += 1;
        await this.#update(kind, String(this.#version), undefined);
        return;
      case 'limit':
        await this.#update(kind, undefined, 100 + this.random.below(100));
        return;
      case 'scale':
        await this.#scale(kind, 2 + this.random.below(3));
    }
  }

  /** Each time that it is asked may end it once: also those that nobody answers. */
  async #request(verb: 'start' | 'stop' | 'restart', program: SoakProgram): Promise<void> {
    program.wantsUp = verb !== 'stop';
    await this.soak.ask(async (client) => {
      program.asked += 1;
      for (const other of this.#followers(program.kind)) other.asked += 1;
      const names = [program.fullName];
      if (verb === 'start') await client.all(ContainersService.start, { names, definition: undefined, stdio: undefined });
      else await client.all(ContainersService[verb], { names, signal: 0, timeout_ms: undefined });
    });
  }

  #followers(kind: Kind): readonly SoakProgram[] {
    return this.soak.programs.filter(({ kind: { follows } }) => follows === kind.short);
  }

  async #update(kind: Kind, version: string | undefined, pids: number | undefined): Promise<void> {
    const { soak } = this;
    soak.define(kind, version, pids);
    const name = soak.agent.name(kind.short);
    await soak.ask(async (client) => {
      if (version !== undefined) for (const program of soak.of(kind)) program.asked += 1;
      for (const program of soak.of(kind)) if (version !== undefined) program.version = version;
      await client.all(DefinitionsService.update, { names: [name], dry_run: false });
    });
  }

  async #scale(kind: Kind, count: number): Promise<void> {
    const { soak } = this;
    const name = soak.agent.name(kind.short);
    const before = soak.of(kind);
    for (const program of before.slice(count)) program.asked += 1;
    await soak.ask((client) => client.all(DefinitionsService.scale, { name, count }));
    // What goes is gone by now, or (where its daemon died over it) when nothing of it is listed any more.
    const isThere = async (): Promise<boolean> => {
      const listed = await soak.list();
      return before.slice(count).some(({ fullName }) => listed.has(fullName));
    };
    while (await isThere()) await pause(50);
    for (const program of before.slice(count)) soak.remove(program);
    for (let number = before.length; number < count; number += 1) soak.add(kind, number);
  }
}

/** So that those who do something beside each other do it to other programs. */
export function sharesOf(count: number): readonly (readonly Kind[])[] {
  const able = kinds.filter(({ deeds }) => deeds.length > 0);
  return Array.from({ length: count }, (_, share) => able.filter((_kind, at) => at % count === share));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

