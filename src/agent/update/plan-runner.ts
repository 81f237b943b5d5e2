import type { UpdateLine } from '../../programs/definition-files';
import type { Logger } from '../../runtime/logger';
import { faultPoint } from '../../sys/fault';
import { messageOf } from '../../sys/thrown';
import { Turns } from '../../sys/turns';
import type { Lookups } from '../launch/lookups';
import type { Processes } from '../processes';
import type { DefinitionStore } from './definition-store';
import { type InUse, nothingDue } from './in-use';
import type { ProgramPlan } from './plan';
import { resourcesBetween } from './resources-between';
import { settle } from './settle';

/** What plans are carried out with. */
export interface RunnerParts {
  readonly processes: Processes;
  readonly store: DefinitionStore;
  /** For files that definitions name. */
  readonly lookups: Lookups;
  readonly log: Logger;
}

/** Carries plans out: what is to be is written down, and then done. Of each program one change at a time. */
export class PlanRunner {
  readonly #turns = new Turns();

  constructor(private readonly parts: RunnerParts) {}

  /** Goes on with a change that another daemon had begun. */
  async goOn(name: string): Promise<void> {
    const { processes, store, lookups, log } = this.parts;
    try {
      await this.#turns.run(name, () => settle(processes, store, name, lookups));
    } catch (error) {
      log.error({ program: name, err: error }, 'a change of a definition could not be carried out; it is at the next start of the daemon');
    }
  }

  /** @returns what could not be done */
  carryOut(plan: ProgramPlan): Promise<readonly UpdateLine[]> {
    const { processes, store, lookups, log } = this.parts;
    return this.#turns.run(plan.name, async () => {
      try {
        faultPoint('daemon.update.before-write');
        await store.put(this.#followed(plan));
        faultPoint('daemon.update.written');
        const problems = await settle(processes, store, plan.name, lookups);
        return problems.map(({ name, detail }): UpdateLine => ({ name, is: 'failed', detail: `its limits could not be changed while it runs: ${detail}` }));
      } catch (error) {
        log.error({ program: plan.name, err: error }, 'a change of a definition failed');
        return [{ name: plan.name, is: 'failed', detail: messageOf(error) }];
      }
    });
  }

  /** As it is to be, with what its processes have to do for it. */
  #followed(plan: ProgramPlan): InUse {
    const { before, after, isScaling, kept, added, restart, live } = plan;
    const planned = asPlanned(plan);
    const isRestarted = restart.length > 0;
    const turnedOn = live.includes('autostart') && after?.autostart === true ? kept : [];
    return {
      ...planned,
      due: {
        ...planned.due,
        restart: isRestarted ? this.#generationsOf(kept) : new Map(),
        resources: isRestarted || before === undefined ? undefined : resourcesBetween(before.definition.limits, planned.definition.limits),
        start: isScaling ? added : turnedOn,
      },
    };
  }

  /** Of those that are wanted up: what somebody has stopped stays so. */
  #generationsOf(names: readonly string[]): ReadonlyMap<string, number> {
    return new Map(names.flatMap((name) => {
      const stored = this.parts.processes.get(name)?.stored;
      return stored?.wanted === 'up' ? [[name, stored.generation] as const] : [];
    }));
  }
}

/** As it is to be, where nothing of it runs that stays. */
export function asPlanned({ before, after, scale, removed, added }: ProgramPlan): InUse {
  const definition = after ?? before?.definition;
  if (definition === undefined) throw new Error('a plan is of a program that was, or is');
  const gone = [...new Set([...removed, ...(before?.due.gone ?? [])])].filter((name) => !added.includes(name));
  return { definition, scale, due: { ...nothingDue, isGone: after === undefined, gone } };
}
