import { ProgramError, noSuchProcess } from '../../programs/errors';
import type { AvailableProcess, DefinitionFiles, RereadResult, ScaleOrder, ScaleResult, UpdateLine, UpdateOrder } from '../../programs/definition-files';
import { COMMAND_LINE, isOfCommandLine } from '../definitions/command-line';
import { crossErrors } from '../definitions/cross-check';
import type { ProgramDefinition, SourcePlace } from '../definitions/definition';
import { errorLine } from '../definitions/errors';
import { mostProcesses } from '../definitions/read-program';
import type { Listeners } from '../events/listeners';
import type { News } from '../events/news';
import type { Webhooks } from '../events/webhooks';
import { fullNamesOf, processesOf } from '../definitions/processes';
import { DefinitionDirectory } from '../definitions/read-directory';
import { readDefinitionFile } from '../definitions/read-file';
import { renderDefinition } from '../definitions/render';
import { type DefinitionSet, type Reading, bringTogether, noDefinitions } from '../definitions/set';
import { isAnythingDue } from './in-use';
import { linesOf } from './lines';
import { type ProgramPlan, groupChanges, groupsOf, planOf, plansOf, scaleAfter } from './plan';
import { PlanRunner, type RunnerParts, asPlanned } from './plan-runner';
import { processesInUse } from './settle';

/** What the keeper works with. */
export interface KeeperParts extends RunnerParts {
  /** Of the definition files. */
  readonly directory: string;
  readonly bootId: string;
  /** Who is told what happens. */
  readonly news: Pick<News, 'tell'>;
  readonly listeners: Pick<Listeners, 'use'>;
  readonly webhooks: Pick<Webhooks, 'use'>;
  readonly nowMs: () => number;
  /** Programs are about to be started: what that takes can come up meanwhile. */
  readonly expectStarts: () => void;
}

/**
 * Keeps which definitions are in use. Files are read at the first start, at each start of the host, and when somebody asks; a restart of the daemon alone
 * changes nothing. What is in use is written down before anything is done for it.
 */
export class DefinitionKeeper implements DefinitionFiles {
  #reading: Reading = { ...noDefinitions, errors: [], fileCount: 0 };
  readonly #runner: PlanRunner;
  readonly #directory: DefinitionDirectory;
  /** Names whose definitions are on their way to the disk. */
  readonly #defining = new Set<string>();

  constructor(private readonly parts: KeeperParts) {
    this.#runner = new PlanRunner(parts);
    this.#directory = new DefinitionDirectory(parts.directory);
  }

  /** Takes up what is in use. To be called once, when the core has restored what runs. */
  async begin(): Promise<void> {
    const { store, log, lookups, processes } = this.parts;
    store.load((name, error) => { log.error({ program: name, err: error }, 'what is written down of a definition cannot be read: its program is not kept running'); });
    const [{ errors }] = await Promise.all([this.reread(), this.#expectStarts()]);
    for (const error of errors) log.error({}, error);
    await this.#takeFilesAtBoot();
    this.#useSubscribers();
    const inUse = [...store.inUse.values()];
    await processes.prepare();
    await processes.take(inUse.flatMap((each) => processesInUse(each, lookups)));
    await processes.settle();
    for (const { definition, due } of inUse) if (isAnythingDue(due)) void this.#runner.goOn(definition.name);
  }

  /** On a host that has just come up a shim is wanted as soon as the files are read; it takes as long to come up as they do. */
  async #expectStarts(): Promise<void> {
    const { store, bootId, expectStarts } = this.parts;
    if (store.bootId !== bootId && await this.#directory.hasFiles()) expectStarts();
  }

  /** After a start of the host nothing runs that another definition could be of: then the files count. */
  async #takeFilesAtBoot(): Promise<void> {
    const { store, bootId, log } = this.parts;
    if (store.bootId === bootId || (store.inUse.size === 0 && this.#reading.programs.size === 0 && this.#reading.webhooks.size === 0)) return;
    try {
      await Promise.all(plansOf(store.inUse, this.#reading.programs).map((plan) => store.put(asPlanned(plan))));
      await store.setWebhooks(this.#reading.webhooks);
      await store.setBootId(bootId);
    } catch (error) {
      log.error({ err: error }, 'which definitions are in use could not be written down');
    }
  }

  async reread(): Promise<RereadResult> {
    const { store } = this.parts;
    this.#reading = bringTogether(this.#inUseSet(), await this.#directory.read());
    return { changes: groupChanges(store.inUse, this.#reading.programs), errors: this.#reading.errors.map(errorLine) };
  }

  async update({ names, isDryRun }: UpdateOrder, tell: (line: UpdateLine) => void): Promise<readonly string[]> {
    const { errors } = await this.reread();
    const wanted = names.includes('all') ? [] : names;
    for (const name of wanted) if (!this.#isKnown(name)) tell({ name, is: 'no-such-group' });
    const plans = plansOf(this.parts.store.inUse, this.#reading.programs)
      .filter((plan) => wanted.length === 0 || wanted.includes(plan.name) || groupsOf(plan).some((group) => wanted.includes(group)));
    if (isDryRun) for (const line of this.#linesOf(plans)) tell(line);
    else await this.#tellingOfGroups(async () => {
      await this.#noteBoot();
      if (wanted.length === 0) await this.#takeWebhooks();
      await this.#carryOut(plans, tell);
      await this.#follow(plans);
    });
    return errors;
  }

  /** What has moved within the files, or to another one, and is the same else. */
  async #follow(plans: readonly ProgramPlan[]): Promise<void> {
    const { store, processes, lookups, log } = this.parts;
    const planned = new Set(plans.map(({ name }) => name));
    const moved = [...store.inUse.values()].flatMap((inUse) => {
      const definition = this.#reading.programs.get(inUse.definition.name);
      if (definition === undefined || planned.has(definition.name) || isAnythingDue(inUse.due) || isSamePlace(definition.source, inUse.definition.source)) return [];
      return planOf(definition.name, inUse, definition) === undefined ? [{ ...inUse, definition }] : [];
    });
    try {
      await Promise.all(moved.map((inUse) => store.put(inUse)));
      for (const inUse of moved) for (const process of processesInUse(inUse, lookups)) processes.redefine(process);
    } catch (error) {
      log.error({ err: error }, 'where definitions have moved to could not be written down');
    }
  }

  /** A daemon that has found nothing at its start has taken nothing as it is: what is asked for since would be followed by all that the files say at its next start. */
  async #noteBoot(): Promise<void> {
    const { store, bootId, log } = this.parts;
    if (store.bootId === bootId) return;
    try {
      await store.setBootId(bootId);
    } catch (error) {
      log.error({ err: error }, 'in which start of the host definitions were taken into use could not be written down');
    }
  }

  async #takeWebhooks(): Promise<void> {
    try {
      await this.parts.store.setWebhooks(this.#reading.webhooks);
    } catch (error) {
      this.parts.log.error({ err: error }, 'which webhooks are in use could not be written down: they stay as they are');
    }
    this.#useSubscribers();
  }

  #useSubscribers(): void {
    const { webhooks, listeners, store } = this.parts;
    // All are counted before the first is told of anything: what all have been told is dropped.
    listeners.use([...store.inUse.values()].filter(({ due }) => !due.isGone).map(({ definition }) => definition));
    webhooks.use(store.webhooks);
  }

  /** supervisord's events of groups that come and go. */
  async #tellingOfGroups<T>(work: () => Promise<T>): Promise<T> {
    const { news, nowMs } = this.parts;
    const before = this.#groupsInUse();
    try {
      return await work();
    } finally {
      const after = this.#groupsInUse();
      this.#useSubscribers();
      const tell = (groups: readonly string[], change: 'ADDED' | 'REMOVED'): void => {
        void news.tell(groups.map((group) => ({ is: 'group', change, group, atMs: nowMs() })));
      };
      tell([...before].filter((group) => !after.has(group)), 'REMOVED');
      tell([...after].filter((group) => !before.has(group)), 'ADDED');
    }
  }

  /** First what goes, then what changes, then what comes: that may want what the others have had. */
  async #carryOut(plans: readonly ProgramPlan[], tell: (line: UpdateLine) => void): Promise<void> {
    const stages: readonly ((plan: ProgramPlan) => boolean)[] = [
      ({ after }) => after === undefined,
      ({ before, after }) => before !== undefined && after !== undefined,
      ({ before }) => before === undefined,
    ];
    for (const isIn of stages) {
      const stage = plans.filter(isIn);
      const lines = this.#linesOf(stage);
      const failures = (await Promise.all(stage.map((plan) => this.#runner.carryOut(plan)))).flat();
      const hasFailed = ({ name }: UpdateLine): boolean => failures.some((failure) => failure.name === name);
      for (const line of [...lines.filter((each) => !hasFailed(each)), ...failures]) tell(line);
    }
  }

  available(): readonly AvailableProcess[] {
    const groups = this.#groupsInUse();
    const { inUse } = this.parts.store;
    return [...this.#reading.programs.values()].filter((each) => !isOfCommandLine(each)).flatMap((definition) => processesOf(definition, scaleAfter(inUse.get(definition.name), definition)).map((process): AvailableProcess => ({
      name: process.fullName,
      isInUse: groups.has(process.group),
      autostart: process.autostart,
      groupPriority: process.groupPriority,
      priority: process.priority,
    }))).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async add(group: string): Promise<'added' | 'already-active' | 'no-such-group'> {
    if (this.#groupsInUse().has(group)) return 'already-active';
    const plans = [...this.#reading.programs.values()].filter((each) => each.group === group && !isOfCommandLine(each)).flatMap((after) => planOf(after.name, this.parts.store.inUse.get(after.name), after) ?? []);
    if (plans.length === 0) return 'no-such-group';
    await this.#orFail(plans);
    return 'added';
  }

  async remove(group: string): Promise<'removed' | 'still-running' | 'no-such-group'> {
    const programs = [...this.parts.store.inUse.values()].filter(({ definition }) => definition.group === group);
    if (programs.length === 0) return 'no-such-group';
    const names = programs.flatMap(({ definition, scale }) => fullNamesOf(definition, scale));
    const isDown = (name: string): boolean => ['STOPPED', 'EXITED', 'FATAL', 'UNKNOWN', undefined].includes(this.parts.processes.get(name)?.stored.state);
    if (!names.every(isDown)) return 'still-running';
    await this.#orFail(programs.flatMap((before) => planOf(before.definition.name, before, undefined) ?? []));
    return 'removed';
  }

  async scale({ name, count }: ScaleOrder): Promise<ScaleResult> {
    const before = this.parts.store.inUse.get(name);
    if (before === undefined || before.due.isGone) throw noSuchProcess(name);
    if (count > mostProcesses) throw new ProgramError('invalid-definition', name, `a program has at most ${String(mostProcesses)} processes, not ${String(count)}`);
    const plan = planOf(name, before, before.definition, count);
    if (plan === undefined) return { stopped: [], added: [] };
    await this.#orFail([{ ...plan, isScaling: true }]);
    return { stopped: plan.removed, added: plan.added };
  }

  async define(toml: string, refuse: (name: string) => Promise<void>): Promise<string> {
    const definition = this.#readAlone(toml);
    const { name } = definition;
    if (this.#defining.has(name) || this.parts.store.inUse.has(name) || this.#isKnown(name)) throw new ProgramError('already-active', name, `the name ${name} is in use`);
    const [problem] = crossErrors(new Map([...this.#reading.programs, ...this.#inUseSet().programs, [name, definition]])).filter(({ program }) => program === name);
    if (problem !== undefined) throw new ProgramError('invalid-definition', name, problem.message);
    this.#defining.add(name);
    try {
      await refuse(name);
      await this.#orFail([planOf(name, undefined, definition)].filter((plan) => plan !== undefined));
    } finally {
      this.#defining.delete(name);
    }
    return name;
  }

  /** @throws ProgramError `invalid-definition`: it is not one program alone */
  #readAlone(toml: string): ProgramDefinition {
    const { programs: [definition, ...more], errors: [error], groups, webhooks } = readDefinitionFile(COMMAND_LINE, toml);
    if (error !== undefined) throw new ProgramError('invalid-definition', error.program ?? '', error.message);
    if (definition === undefined || definition.listener !== undefined || more.length + groups.length + webhooks.length > 0) throw new ProgramError('invalid-definition', '', 'a definition of one program is wanted');
    return definition;
  }

  async forget(name: string): Promise<void> {
    const before = this.parts.store.inUse.get(name);
    if (before === undefined || !isOfCommandLine(before.definition)) throw noSuchProcess(name);
    await this.#orFail([planOf(name, before, undefined)].filter((plan) => plan !== undefined));
  }

  async #orFail(plans: readonly ProgramPlan[]): Promise<void> {
    const [failure] = (await this.#tellingOfGroups(() => Promise.all(plans.map((plan) => this.#runner.carryOut(plan))))).flat();
    if (failure !== undefined) throw new ProgramError('failed', failure.name, failure.detail ?? '');
  }

  show(name: string): string {
    const found = [...this.parts.store.inUse.values()].filter(({ definition, scale }) => definition.name === name || definition.group === name || fullNamesOf(definition, scale).includes(name));
    if (found.length === 0) throw noSuchProcess(name);
    return found.map(({ definition }) => renderDefinition(definition)).join('\n');
  }

  #linesOf(plans: readonly ProgramPlan[]): readonly UpdateLine[] {
    const { inUse } = this.parts.store;
    const before = new Map<string, string[]>();
    for (const { definition, scale } of inUse.values()) before.set(definition.group, [...(before.get(definition.group) ?? []), ...fullNamesOf(definition, scale)]);
    const after = new Map<string, string[]>();
    for (const definition of this.#reading.programs.values()) after.set(definition.group, [...(after.get(definition.group) ?? []), ...fullNamesOf(definition, scaleAfter(inUse.get(definition.name), definition))]);
    return linesOf(plans, { before, after });
  }

  #isKnown(name: string): boolean {
    const defined = [...this.#reading.programs.values(), ...this.#inUseSet().programs.values()];
    return defined.some((each) => each.group === name || each.name === name);
  }

  #groupsInUse(): ReadonlySet<string> {
    return new Set([...this.parts.store.inUse.values()].filter(({ due }) => !due.isGone).map(({ definition }) => definition.group));
  }

  #inUseSet(): DefinitionSet {
    const inUse = [...this.parts.store.inUse.values()].filter(({ due }) => !due.isGone);
    return { programs: new Map(inUse.map(({ definition }) => [definition.name, definition])), webhooks: this.parts.store.webhooks };
  }
}

function isSamePlace(one: SourcePlace, other: SourcePlace): boolean {
  return one.file === other.file && one.line === other.line && one.column === other.column;
}
