import { RecordsError } from '../../records/errors';
import { faultPoint } from '../../sys/fault';
import { Turns } from '../../sys/turns';
import { untilDone } from '../../sys/until-done';
import { msUntil } from '../machine/clocks';
import type { ProgramEvent } from '../machine/event';
import { isAsScheduled, msUntilDue } from '../machine/schedule';
import { type Act, type Stored, actOf, deadlineOf, isDown, isOver, newlyDefined } from '../machine/state';
import { happeningsOf } from '../events/happenings-of';
import { step } from '../machine/step';
import { printStored } from '../machine/stored-text';
import { Attendant } from '../health/attendant';
import { Alarm } from './alarm';
import { Belongings } from './belongings';
import { type Wait, dependenciesOf, eventOfOthers, waitsOf } from './dependencies';
import { tellChange } from './tell-change';
import type { ManagedDefinition } from './managed-definition';
import type { EngineParts } from './parts';
import { tellFatal } from './on-fatal';
import type { Peer } from './peer';
import { eventAtStart, readStored } from './at-start';
import { EventSubject } from './subject';
import { type Watcher, Watchers } from './watchers';
import { endOfRun, signalOf, signalRun, startGeneration } from './run';

/** A disk that is full or fails now may have room again. */
const retryMs = 1000;

/**
 * One program that is kept running. What happens to it is taken one after the other: the state machine decides, what it says is written
 * down, and then it is done. A daemon that dies in between leaves what is written, by which the next one goes on.
 */
export class ManagedProgram implements Peer {
  #definition: ManagedDefinition;
  #stored: Stored;
  readonly #turns = new Turns();
  readonly #watchers = new Watchers();
  readonly #belongings: Belongings;
  readonly #subject: EventSubject;
  readonly #alarm = new Alarm(() => { this.#wake(); });
  #starting: AbortController | undefined;
  #attendant: Attendant | undefined;
  #isClosed = false;
  #isKnown = false;
  #isUnwritten = false;
  /** While it was not known yet where it stands. */
  #wasLost = false;

  constructor(definition: ManagedDefinition, private readonly parts: EngineParts) {
    this.#definition = definition;
    this.#stored = newlyDefined(parts.now());
    this.#belongings = new Belongings(parts, definition.name, (error) => { this.#mind(error); });
    this.#belongings.define(definition.process);
    this.#subject = new EventSubject(parts);
    parts.peers.join(this);
  }

  get definition(): ManagedDefinition {
    return this.#definition;
  }

  get stored(): Stored {
    return this.#stored;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** What it depends on. */
  get dependencies(): readonly Wait[] {
    return dependenciesOf(this.definition, this.parts.peers.all);
  }

  /** What it depends on and is not as it has to be. */
  get waits(): readonly Wait[] {
    return waitsOf(this.definition, this.parts.peers.all);
  }

  /** Another definition under the same name: it counts from the next thing on that happens to it. */
  redefine(definition: ManagedDefinition): void {
    this.#definition = definition;
    this.#belongings.define(definition.process);
    // Its checks may be others.
    this.#attendant?.close();
    this.#attendant = undefined;
    this.#attend();
    void this.#takeOnceWritten(() => (isAsScheduled(this.#stored, definition.policy) ? undefined : { kind: 'scheduled', isWanted: false }));
    this.parts.peers.changed(this);
    this.heedOthers();
  }

  /** Goes on with what was written down, by what there is of it. To be called before anything else, and again where it throws. @param text undefined: it is new */
  async restore(text: string | undefined): Promise<void> {
    if (text !== undefined) this.#stored = readStored(text, this.parts.now(), (error) => { this.#mind(error); });
    const event = await eventAtStart(this.parts, this.definition, this.#stored, text === undefined, () => { this.#isLost(); });
    const act = event === undefined ? undefined : await this.#write(event);
    await this.#heedSchedule(text === undefined);
    if (isDown(this.#stored)) await this.#belongings.freeAddresses();
    this.#isKnown = true;
    const due = act ?? actOf(this.#stored);
    if ('upSince' in this.#stored && this.#stored.upSince !== undefined) this.#watchEnd();
    if (due !== undefined) this.#do(due);
    this.#attend();
    this.#setTimer();
    this.parts.peers.changed(this);
    this.heedOthers();
    if (this.#wasLost) this.#isLost();
  }

  /** One that it has now and did not have, and times that have passed meanwhile. */
  async #heedSchedule(isNew: boolean): Promise<void> {
    await this.#write({ kind: 'scheduled', isWanted: isNew && this.definition.policy.autostart });
    await this.#write({ kind: 'missed' });
  }

  /** Something is asked for, of this generation alone or of whichever there is by then. Resolves once that is written down. @throws RecordsError where it cannot be */
  tell(event: ProgramEvent, generation?: number): Promise<void> {
    if (!this.#isKnown) return Promise.reject(new RecordsError('unusable', `where ${this.definition.name} stands could not be found out yet`));
    return this.#turns.run('', async () => { if (generation === undefined || generation === this.#stored.generation) await this.#take(event); });
  }

  async #take(event: ProgramEvent): Promise<void> {
    if (this.#isClosed) return;
    const before = this.#stored;
    const act = await this.#write(event);
    if (act !== undefined) this.#do(act);
    if (this.#stored === before) return;
    this.#attend();
    this.#setTimer();
    // What it depends on may have come while the wait for it was being written.
    this.heedOthers();
  }

  /** Goes on where it has waited for others, or starts again with them. */
  heedOthers(): void {
    if (this.#dueToOthers() !== undefined) void this.#takeOnceWritten(() => this.#dueToOthers());
  }

  #dueToOthers(): ProgramEvent | undefined {
    return this.#isKnown ? eventOfOthers(this.definition, this.#stored, this.parts.peers.all) : undefined;
  }

  /** Calls `watcher` at each change. @returns the way out */
  watch(watcher: Watcher): () => void {
    return this.#watchers.add(watcher);
  }

  /** Nothing is done any more; what runs runs on. May be called twice. */
  close(): void {
    this.#isClosed = true;
    this.#alarm.setIn(undefined);
    this.#attendant?.close();
  }

  /** @returns what is to be done: not before all of it is on the disk */
  async #write(event: ProgramEvent): Promise<Act | undefined> {
    const { definition: { name, policy }, parts } = this;
    const { stored, act } = step(this.#stored, { event, policy, now: parts.now(), random: parts.random(), areDependenciesMet: this.waits.length === 0 });
    if (stored === this.#stored) return undefined;
    faultPoint('daemon.agent.before-write');
    const before = this.#stored;
    await parts.news.putState(name, stored && printStored(stored), happeningsOf(before, stored, await this.#subject.of(this.definition, before, stored)));
    faultPoint('daemon.agent.written');
    this.#isUnwritten = false;
    if (stored !== undefined) tellChange(parts.programs, name, before, stored);
    if (stored === undefined) {
      this.close();
      parts.peers.leave(this);
      await this.#belongings.forget();
    } else {
      // Before it is told: who has stopped it may give its address to another one.
      if (isDown(stored)) await this.#belongings.freeAddresses();
      this.#stored = stored;
    }
    this.#watchers.tell(stored);
    if (this.#isKnown) parts.peers.changed(this);
    return act;
  }

  /** It is started again, as one intention. */
  #isLost(): void {
    this.#wasLost = !this.#isKnown;
    if (this.#wasLost) return;
    void this.#takeOnceWritten(() => (isOver(this.#stored) ? undefined : { kind: 'restart' }));
  }

  /** Somebody looks after it while it is up; once nothing of it is there, what was for its run alone is gone. */
  #attend(): void {
    if (isOver(this.#stored)) this.#belongings.endRun(this.#stored.generation);
    const isUp = (this.#stored.state === 'RUNNING' || this.#stored.state === 'STARTING') && 'upSince' in this.#stored;
    if (isUp === (this.#attendant !== undefined) || this.#isClosed) return;
    this.#attendant?.close();
    this.#attendant = isUp ? this.#newAttendant() : undefined;
  }

  #newAttendant(): Attendant {
    const { generation } = this.#stored;
    const stored = (): Stored => this.#stored;
    const attended = { definition: this.definition, get stored() { return stored(); }, report: (event: ProgramEvent) => this.#report(generation, event) };
    return new Attendant(attended, this.parts);
  }

  #do(act: Act): void {
    const { generation } = act;
    switch (act.kind) {
      case 'start':
        void this.#start(generation);
        return;
      case 'tell-fatal':
        void this.#tellFatal(generation);
        return;
      case 'call-off':
        this.#starting?.abort();
        return;
      case 'signal':
        void this.#signal(generation, act.step);
    }
  }

  async #start(generation: number): Promise<void> {
    const starting = this.#starting = new AbortController();
    try {
      const event = await startGeneration(this.parts, this.definition, generation, starting.signal, () => { this.#isLost(); });
      void this.#report(generation, event);
      if (event.kind === 'up') this.#watchEnd();
    } catch (error) {
      this.#mind(error);
    } finally {
      if (this.#starting === starting) this.#starting = undefined;
    }
  }

  /** Told after what has been reported before. */
  #watchEnd(): void {
    const { generation } = this.#stored;
    endOfRun(this.parts, this.definition.name).then(
      (event) => { void this.#report(generation, event); },
      (error: unknown) => { this.#mind(error); },
    );
  }

  /** What ends the daemon is told before: the next one is not ended by it. */
  async #tellFatal(generation: number): Promise<void> {
    const { definition, parts } = this;
    if (this.#stored.state !== 'FATAL') return;
    await tellFatal(parts, definition, this.#stored);
    await this.#report(generation, { kind: 'fatal-told' });
    if (definition.process.onFatal.is === 'shutdown') parts.fatal.endAll(`${definition.name} is FATAL`);
  }

  async #signal(generation: number, at: number): Promise<void> {
    const { definition } = this;
    try {
      await signalRun(this.parts, definition, signalOf(this.parts, definition.name, definition.policy.stopSteps[at]));
    } catch (error) {
      // The next step comes all the same.
      this.#mind(error);
    }
    faultPoint('daemon.agent.signalled');
    void this.#report(generation, { kind: 'signalled', step: at });
  }

  #report(generation: number, event: ProgramEvent): Promise<void> {
    return this.#takeOnceWritten(() => (generation === this.#stored.generation ? event : undefined));
  }

  /** What has happened stays so where it cannot be written down: whatever else there is waits until it can, as the order matters. */
  #takeOnceWritten(find: () => ProgramEvent | undefined): Promise<void> {
    return this.#turns.run('', () => {
      const take = async (): Promise<void> => {
        const event = find();
        if (event !== undefined) await this.#take(event);
      };
      return untilDone(take, () => !this.#isClosed, (error) => { this.#mindUnwritten(error); });
    });
  }

  #setTimer(): void {
    const now = this.parts.now();
    const deadline = deadlineOf(this.#stored);
    const waitsMs = [deadline && msUntil(deadline, now), msUntilDue(this.#stored, this.definition.policy, now)].filter((ms) => ms !== undefined);
    this.#alarm.setIn(waitsMs.length === 0 || this.#isClosed ? undefined : Math.min(...waitsMs));
  }

  #wake(): void {
    this.tell({ kind: 'timer' }).then(
      () => { this.#setTimer(); },
      (error: unknown) => {
        this.#mindUnwritten(error);
        // The deadline is over by now: without a pause this would go round for as long as nothing can be written.
        if (!this.#isClosed) this.#alarm.setIn(retryMs);
      },
    );
  }

  /** Told once, as long as it is so. */
  #mindUnwritten(error: unknown): void {
    if (!this.#isUnwritten) this.#mind(error);
    this.#isUnwritten = true;
  }

  #mind(error: unknown): void {
    if (!this.#isClosed) this.parts.programs.log.error({ program: this.definition.name, err: error }, 'what is to be done with a program failed');
  }
}
