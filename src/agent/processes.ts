import { findProgramIfThere } from '../programs/list';
import { PROGRAMS_NAMESPACE, programKey } from '../programs/name';
import { forget } from '../programs/remove';
import { removeAbove } from '../runtime/host/hierarchies';
import { usualCgroupOf } from '../runtime/host/host-spec';
import { messageOf } from '../sys/thrown';
import { untilDone } from '../sys/until-done';
import { ManagedProgram } from './engine/managed-program';
import type { ManagedDefinition } from './engine/managed-definition';
import type { EngineParts } from './engine/parts';
import { pidOfRun } from './engine/run';
import { inStartOrder } from './engine/start-order';
import { inheritsOutput } from './launch/daemon-output';
import { untilChange } from './until-change';

/** The processes that are kept running, by their full names. */
export class Processes {
  readonly #programs = new Map<string, ManagedProgram>();

  constructor(private readonly parts: EngineParts) {}

  names(): readonly string[] {
    return [...this.#programs.keys()];
  }

  has(name: string): boolean {
    return this.#programs.has(name);
  }

  get(name: string): ManagedProgram | undefined {
    return this.#programs.get(name);
  }

  /** What a daemon of before has left for them. To be called first. */
  async prepare(): Promise<void> {
    const { holder, listening, notify, output } = this.parts;
    const sets = await holder.held();
    listening.takeUp(sets);
    output.takeUp(sets);
    await notify.takeUp(sets);
  }

  /** All are here: what was left for others goes. */
  async settle(): Promise<void> {
    const defined = new Set(this.names());
    this.parts.notify.closeOthers(defined);
    await this.parts.listening.closeOthers(defined);
    await this.#settleOutput();
  }

  async #settleOutput(): Promise<void> {
    if (![...this.#programs.values()].some(({ definition }) => inheritsOutput(definition.process))) await this.parts.output.release();
  }

  /** Keeps these running, too, and goes on with what there is of them. Each costs itself only. */
  async take(definitions: readonly ManagedDefinition[]): Promise<void> {
    // All are there before the first is started: others may wait for it.
    for (const definition of definitions) this.#programs.set(definition.name, new ManagedProgram(definition, this.parts));
    for (const atOnce of inStartOrder(definitions)) await Promise.all(atOnce.map(({ name }) => this.#restore(name)));
  }

  async #restore(name: string): Promise<void> {
    const program = this.#programs.get(name);
    try {
      await program?.restore(this.parts.states.find(name));
    } catch (error) {
      this.parts.programs.log.error({ program: name, err: error }, 'a program is not kept running yet; tried again each second');
      void this.#restoreLater(name);
    }
  }

  /** Nothing is started of what nobody knows where it stands. */
  async #restoreLater(name: string): Promise<void> {
    const program = this.#programs.get(name);
    if (program !== undefined) await untilDone(() => program.restore(this.parts.states.find(name)), () => !program.isKnown && !program.isClosed, () => undefined);
  }

  /** Another definition of one that is there. */
  redefine(definition: ManagedDefinition): void {
    this.#programs.get(definition.name)?.redefine(definition);
  }

  /** Ends it, and forgets all of it: its state, its record, its output. Resolves once that is so. May be done again. */
  async forget(definition: ManagedDefinition): Promise<void> {
    const { name } = definition;
    if (!this.has(name)) await this.take([definition]);
    const program = this.#programs.get(name);
    // One that a daemon before this one was ending, and that has ended meanwhile, is gone as soon as it is looked for: nothing more happens to it.
    const isGone = program?.isClosed === true && this.parts.states.find(name) === undefined;
    if (program !== undefined && !isGone) {
      const forgotten = untilChange(program, () => false, undefined);
      await program.tell({ kind: 'gone' });
      await forgotten;
    }
    this.#programs.delete(name);
    if (inheritsOutput(definition.process)) await this.#settleOutput();
    const { programs } = this.parts;
    await programs.turns.run(name, async () => {
      const left = await findProgramIfThere(programs, name);
      if (left !== undefined) await forget(programs, left);
      // A runtime removes a container's own cgroup, and leaves those above it.
      if (definition.process.kind.is !== 'host') removeAbove(usualCgroupOf(this.parts.stateDir, PROGRAMS_NAMESPACE, name));
    });
  }

  /** Starts it anew by its definition, where it is of that generation still. Resolves once the run that there was is over. */
  async restartOf(name: string, generation: number): Promise<void> {
    const program = this.#programs.get(name);
    if (program?.stored.generation !== generation) return;
    const over = untilChange(program, (stored) => stored.state !== 'STOPPING' || stored.generation > generation, undefined);
    await program.tell({ kind: 'restart' }, generation);
    await over;
  }

  /** Has it come up where it was never started. Resolves once that is written down. */
  async startIfNew(name: string): Promise<void> {
    const program = this.#programs.get(name);
    // One with a schedule waits for its time.
    if (program?.stored.generation === 0 && program.definition.policy.schedule === undefined) await program.tell({ kind: 'start' });
  }

  /** Other limits for those of them that run. @param resources OCI's `linux.resources`, as JSON @returns which could not be changed, and why */
  async changeLimits(names: readonly string[], resources: string): Promise<readonly { readonly name: string; readonly detail: string }[]> {
    const { programs } = this.parts;
    const problems: { readonly name: string; readonly detail: string }[] = [];
    await Promise.all(names.map(async (name) => {
      if ((await pidOfRun(this.parts, name)) === 0) return;
      try {
        await programs.supervisor.request('update', { id: programKey(name), resources });
      } catch (error) {
        programs.log.error({ program: name, err: error }, 'limits of a program could not be changed while it runs');
        problems.push({ name, detail: messageOf(error) });
      }
    }));
    return problems;
  }

  /** Nothing is done any more; what runs runs on. May be called twice. */
  close(): void {
    for (const program of this.#programs.values()) program.close();
    this.parts.notify.closeAll();
    this.parts.listeners.close();
    this.parts.news.close();
  }
}
