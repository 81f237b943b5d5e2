import type { Subject } from '../events/happenings-of';
import { expects } from '../machine/policy';
import type { Stored } from '../machine/state';
import type { ManagedDefinition } from './managed-definition';
import type { EngineParts } from './parts';
import { pidOfRun } from './run';

/** A program as events tell of it. */
export class EventSubject {
  /** Of the run of the generation, where somebody is told of it; 0: not known. */
  #pid = { generation: 0, pid: 0 };

  constructor(private readonly parts: EngineParts) {}

  /** @param stored what it comes to; undefined: it is forgotten */
  async of({ name, policy, process: { process, group } }: ManagedDefinition, before: Stored, stored: Stored | undefined): Promise<Subject> {
    const { parts } = this;
    const { generation } = before;
    const isUp = 'upSince' in (stored ?? before);
    if (isUp && this.#pid.generation !== generation && parts.news.isTold) this.#pid = { generation, pid: await pidOfRun(parts, name) };
    const pid = this.#pid.generation === generation ? this.#pid.pid : 0;
    return { process, group, pid, expects: (end) => expects(policy, end), nowMs: parts.now().wallMs };
  }
}
