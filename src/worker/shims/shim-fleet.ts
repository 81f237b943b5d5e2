import { readdirSync, rmSync, unlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { StateDir } from '../../runtime/state-dir/layout';
import type { ChildReaper } from '../../sys/process/children';
import type { Logger } from '../../runtime/logger';
import { shimCommand } from '../../runtime/shim-command';
import { SHIM_PROTOCOL } from '../../runtime/shim-protocol';
import { readProcStat } from '../../sys/process/process';
import { WorkError } from '../errors';
import type { Greeting, Listed, OurShim } from './our-shim';
import type { Takeover } from './shim';
import { type ShimAnswer, ShimInquiry } from './shim-inquiry';
import { launchShim, sweepReadyFifos } from './shim-launch';
import { ShimUpgrades } from './shim-upgrades';
import { type ShimWatchdog, ShimWatch } from './shim-watch';

/** At the daemon's start its sockets wait so long for the shims of before. One that takes longer is waited for beside everything else. */
const answersWithinMs = 1_000;
/** A shim of before is given up after so many times the watchdog's patience: with it, exit statuses may be lost. */
const inquiryPatience = 6;
/** One that does not become ready is killed, and the next may take twice as long: perhaps it is the host that is slow. */
const launchAttempts = 3;
/** One that could not be upgraded is asked again after so many times the watchdog's patience. */
const upgradeAgainAfter = 6;
/** What a dead shim has left half-begun is over within seconds. */
const rememberedDead = 8;

export interface ShimFleetOptions {
  readonly stateDir: StateDir;
  /** Path of the `holdfast-shim` program. */
  readonly program: string;
  /** The name of its processes. */
  readonly calledAs: string;
  readonly greeting: Greeting;
  readonly reaper: ChildReaper;
  readonly log: Logger;
  readonly watchdog: ShimWatchdog;
  /** A shim's connection is gone, the shim dead or given up: its processes want another. */
  readonly onLost: (name: string) => void;
  /** A shim of before has answered after `rediscover` had returned. The descriptors in `processes` are the receiver's. */
  readonly onFound: (processes: readonly ShimProcess[]) => void;
  /** A shim of before keeps output of ended processes that nobody has read yet. The descriptors, of FIFOs, are the receiver's. */
  readonly onUnread: (fifoFds: readonly number[]) => void;
}

/** A process that a running shim said it has. */
export interface ShimProcess extends Listed {
  readonly shim: OurShim;
}

/**
 * Our shims of one state directory: the one that takes new processes, started when
 * it is first needed, and older ones (of another version, or of an earlier daemon)
 * that serve their own until these end.
 */
export class ShimFleet {
  readonly #shims = new Map<string, OurShim>();
  /** Shims of before that have not answered yet. */
  readonly #asked = new Map<string, ShimInquiry>();
  readonly #upgrades: ShimUpgrades;
  readonly #watch: ShimWatch;
  readonly #dead: string[] = [];
  #current: Promise<OurShim> | undefined;
  #currentName = '';
  #started = 0;
  #closed = false;

  constructor(private readonly options: ShimFleetOptions) {
    const { program, greeting: { version }, log, watchdog } = options;
    this.#watch = new ShimWatch(watchdog, this.#shims, log);
    this.#upgrades = new ShimUpgrades({
      command: shimCommand(program),
      version,
      log,
      againMs: upgradeAgainAfter * watchdog.timeoutMs,
      isServing: (shim) => this.#shims.get(shim.name) === shim,
    });
  }

  /** The shim for new processes. @throws WorkError where it cannot be started */
  current(): Promise<OurShim> {
    this.#current ??= this.#obtain();
    return this.#current;
  }

  /** Those that run. */
  get running(): readonly OurShim[] {
    return [...this.#shims.values()];
  }

  /** A running shim by its name. */
  find(name: string): OurShim | undefined {
    return this.#shims.get(name);
  }

  /** Whether shims of before have not answered yet: nobody knows what they have under way. */
  get awaitsAnswers(): boolean {
    return this.#asked.size > 0;
  }

  /**
   * Has every shim undo a start that it may have, one that has not answered yet once it does.
   * @throws WorkError where one has died over it, as the last of them
   */
  async abortAnywhere(takeover: Takeover): Promise<void> {
    const running = [...this.#shims.values()].map((shim) => shim.abort(takeover));
    const asked = [...this.#asked.values()].map(async ({ answer }) => {
      const answered = await answer;
      if (answered.is === 'there') await answered.shim.abort(takeover);
    });
    const outcomes = await Promise.allSettled([...running, ...asked]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Who is to adopt a process: a shim of before whose child it is, if that has it after all, or the one for new processes. @throws WorkError */
  async adopterOf({ dir, pid }: { readonly dir: string; readonly pid: number }): Promise<OurShim> {
    const parentPid = readProcStat(pid)?.parentPid;
    for (const inquiry of this.#asked.values()) {
      if (parentPid === undefined || inquiry.pid !== parentPid) continue;
      const answered = await inquiry.answer;
      if (answered.is === 'there' && answered.content.processes.some((process) => process.dir === dir)) return answered.shim;
    }
    return this.current();
  }

  /** The names of those that were found or became dead, the last few of them. */
  get dead(): readonly string[] {
    return this.#dead;
  }

  /** The system pids of the running shims. */
  pids(): number[] {
    return [...this.#shims.values()].map((shim) => shim.pid);
  }

  /**
   * Finds the shims that run (at the daemon's start), and what they have. One that speaks our
   * protocol and version takes new processes; sockets that nobody listens on are removed.
   * One that does not answer soon is told of by `onFound` when it does.
   */
  async rediscover(): Promise<ShimProcess[]> {
    const { stateDir, greeting, log, watchdog, onFound } = this.options;
    sweepReadyFifos(stateDir);
    const found: ShimProcess[] = [];
    let isOver = false;
    const answers = socketNames(stateDir).map(async (name) => {
      const inquiry = new ShimInquiry({ stateDir, name, greeting, log, giveUpMs: inquiryPatience * watchdog.timeoutMs });
      this.#asked.set(name, inquiry);
      const processes = this.#answered(name, await inquiry.answer);
      if (!isOver) {
        found.push(...processes);
        return;
      }
      onFound(processes);
      if (this.#shims.has(name)) log.info({ shim: name, processes: processes.length }, 'a shim that was slow has answered');
    });
    const timeout = new AbortController();
    await Promise.race([Promise.all(answers), delay(answersWithinMs, undefined, { signal: timeout.signal }).catch(() => undefined)]);
    timeout.abort();
    isOver = true;
    for (const name of this.#asked.keys()) log.warn({ shim: name }, 'a shim has not answered yet, its containers are served meanwhile');
    return found;
  }

  /**
   * Has older shims go on as our version, also those that answer later. To be called once the daemon holds what they hold: a shim that
   * dies over it is then no worse than any that dies.
   */
  upgradeOlder(): void {
    this.#upgrades.begin(this.#shims.values());
  }

  /** Disconnects, also from a shim that is being started; the shims run on. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#upgrades.close();
    for (const inquiry of this.#asked.values()) inquiry.close();
    this.#asked.clear();
    await this.#current?.catch(() => undefined);
    this.#watch.stop();
    for (const shim of this.#shims.values()) shim.close();
    this.#shims.clear();
  }

  /** One of before that is our version's, or becomes it; else a new one. */
  async #obtain(): Promise<OurShim> {
    await this.#upgrades.settled();
    const ready = [...this.#shims.values()].find((shim) => this.#isOfOurVersion(shim));
    if (ready === undefined) return this.#launch();
    this.#currentName = ready.name;
    return ready;
  }

  #isOfOurVersion(shim: OurShim): boolean {
    return shim.protocol === SHIM_PROTOCOL && shim.version === this.options.greeting.version;
  }

  async #launch(): Promise<OurShim> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#launchOnce(this.options.watchdog.timeoutMs * 2 ** (attempt - 1));
      } catch (error) {
        if (attempt === launchAttempts || this.#closed || !(error instanceof WorkError && error.code === 'shim-hangs')) {
          this.#current = undefined;
          throw error;
        }
        this.options.log.error({ err: error }, 'a shim does not become ready, and another is started');
      }
    }
  }

  async #launchOnce(timeoutMs: number): Promise<OurShim> {
    this.#started += 1;
    const { stateDir, program, calledAs, greeting, reaper } = this.options;
    const name = `${greeting.version}-${process.pid}-${this.#started}`;
    this.#currentName = name;
    try {
      const shim = await launchShim({ stateDir, program, calledAs, greeting, reaper, name, timeoutMs });
      this.#keep(shim);
      this.options.log.info({ shim: name, shimPid: shim.pid }, 'shim started');
      return shim;
    } catch (error) {
      // One that died as soon as it listened has left its socket.
      rmSync(stateDir.shimSocket(name), { force: true });
      this.#bury(name);
      throw error;
    }
  }

  /** @returns what it said that it has */
  #answered(name: string, answer: ShimAnswer): readonly ShimProcess[] {
    this.#asked.delete(name);
    if (answer.is === 'gone') {
      // Its processes are adopted. One that ends at this very moment removes its socket itself.
      rmSync(this.options.stateDir.shimSocket(name), { force: true });
      this.#bury(name);
    }
    if (answer.is === 'foreign') this.options.log.warn({ shim: name, err: answer.cause }, 'a shim of another protocol');
    if (answer.is === 'mute') this.options.log.error({ shim: name }, 'a shim cannot be called: its socket takes no more callers');
    if (answer.is !== 'there') return [];
    const { shim, content: { processes, unreadFds } } = answer;
    this.#keep(shim);
    this.options.onUnread(unreadFds);
    if (this.#current === undefined && this.#isOfOurVersion(shim)) {
      this.#current = Promise.resolve(shim);
      this.#currentName = name;
    }
    this.#upgrades.consider(shim);
    return processes.map((entry) => ({ shim, ...entry }));
  }

  #keep(shim: OurShim): void {
    this.#shims.set(shim.name, shim);
    void shim.closed.then(() => { this.#lose(shim); });
    this.#watch.start();
  }

  #lose(shim: OurShim): void {
    if (this.#closed || this.#shims.get(shim.name) !== shim) return;
    this.#shims.delete(shim.name);
    this.#bury(shim.name);
    if (this.#currentName === shim.name) this.#current = undefined;
    try {
      unlinkSync(this.options.stateDir.shimSocket(shim.name));
    } catch {
      // A shim that ended by itself has removed it.
    }
    this.options.onLost(shim.name);
  }

  #bury(name: string): void {
    this.#dead.push(name);
    if (this.#dead.length > rememberedDead) this.#dead.shift();
  }
}

function socketNames(stateDir: StateDir): string[] {
  const pattern = /^holdfast-shim-(.+)\.sock$/;
  return readdirSync(stateDir.root)
    .map((entry) => pattern.exec(entry)?.[1])
    .filter((name): name is string => name !== undefined);
}
