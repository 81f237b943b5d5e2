import { readdirSync, rmSync, unlinkSync } from 'node:fs';
import type { StateDir } from '../runtime/layout';
import type { ChildReaper } from '../sys/children';
import type { Logger } from '../runtime/logger';
import { SHIM_PROTOCOL } from '../runtime/shim-protocol';
import { type Greeting, OurShim } from './our-shim';
import { WorkError } from './errors';
import type { ShimConnection } from './shim-connection';
import { connectShim, launchShim, sweepReadyFifos } from './shim-launch';
import type { Taken } from './shim';

/** How a shim that hangs is noticed. It does nothing that lasts, so that no answer for `timeoutMs` says that it does. */
export interface ShimWatchdog {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}
/** At the daemon's start the socket waits for this answer, so it is shorter. */
const helloTimeoutMs = 2_000;
/** What a dead shim has left half-begun is over within seconds. */
const rememberedDead = 8;

export interface ShimFleetOptions {
  readonly stateDir: StateDir;
  /** Path of the `holdfast-shim` program. */
  readonly program: string;
  readonly greeting: Greeting;
  readonly reaper: ChildReaper;
  readonly log: Logger;
  readonly watchdog: ShimWatchdog;
  /** A shim's connection is gone, the shim dead or given up: its processes want another. */
  readonly onLost: (name: string) => void;
}

/** A process that a running shim said it has. */
export interface ShimProcess {
  readonly shim: OurShim;
  readonly dir: string;
  readonly taken: Taken;
}

/** A shim of before, and what it said it has. */
interface AnsweringShim {
  readonly shim: OurShim;
  readonly processes: readonly Omit<ShimProcess, 'shim'>[];
}

/**
 * Our shims of one state directory: the one that takes new processes, started when
 * it is first needed, and older ones (of another version, or of an earlier daemon)
 * that serve their own until these end.
 */
export class ShimFleet {
  readonly #shims = new Map<string, OurShim>();
  readonly #dead: string[] = [];
  #current: Promise<OurShim> | undefined;
  #currentName = '';
  #started = 0;
  #closed = false;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(private readonly options: ShimFleetOptions) {}

  /** The shim for new processes. @throws WorkError where it cannot be started */
  current(): Promise<OurShim> {
    this.#current ??= this.#launch();
    return this.#current;
  }

  /** A running shim by its name. */
  find(name: string): OurShim | undefined {
    return this.#shims.get(name);
  }

  /** The running shims. */
  get shims(): readonly OurShim[] {
    return [...this.#shims.values()];
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
   * Finds the shims that run (at the daemon's start), and what they have. The newest
   * that speaks our protocol and version takes new processes; sockets that nobody
   * listens on are removed.
   */
  async rediscover(): Promise<ShimProcess[]> {
    sweepReadyFifos(this.options.stateDir);
    const found: ShimProcess[] = [];
    for (const name of socketNames(this.options.stateDir)) {
      const answered = await this.#reconnect(name);
      if (answered === undefined) continue;
      const { shim, processes } = answered;
      for (const entry of processes) found.push({ shim, ...entry });
      if (shim.protocol === SHIM_PROTOCOL && shim.version === this.options.greeting.version) {
        this.#current = Promise.resolve(shim);
        this.#currentName = name;
      }
    }
    return found;
  }

  /** Disconnects, also from a shim that is being started; the shims run on. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#current?.catch(() => undefined);
    clearInterval(this.#watchdog);
    for (const shim of this.#shims.values()) shim.close();
    this.#shims.clear();
  }

  async #launch(): Promise<OurShim> {
    this.#started += 1;
    const { stateDir, program, greeting, reaper } = this.options;
    const name = `${greeting.version}-${process.pid}-${this.#started}`;
    this.#currentName = name;
    try {
      const shim = await launchShim({ stateDir, program, greeting, reaper, name });
      this.#keep(shim);
      this.options.log.info({ shim: name, shimPid: shim.pid }, 'shim started');
      return shim;
    } catch (error) {
      this.#current = undefined;
      // One that died as soon as it listened has left its socket.
      rmSync(stateDir.shimSocket(name), { force: true });
      this.#bury(name);
      throw error;
    }
  }

  async #reconnect(name: string): Promise<AnsweringShim | undefined> {
    const { stateDir, greeting, log } = this.options;
    let connection: ShimConnection;
    try {
      connection = await connectShim(stateDir, name);
    } catch {
      // Nobody listens any more: that shim has ended, and its processes are adopted. One that ends
      // at this very moment removes its socket itself.
      rmSync(stateDir.shimSocket(name), { force: true });
      this.#bury(name);
      return undefined;
    }
    // One that hangs is ended through its socket's peer, and its processes are adopted.
    const timer = setTimeout(() => {
      log.error({ shim: name }, 'the shim does not answer and is replaced');
      connection.killPeer();
    }, helloTimeoutMs);
    try {
      const shim = await OurShim.greet(name, connection, greeting);
      const processes = await shim.list();
      this.#keep(shim);
      return { shim, processes };
    } catch (error) {
      // One that speaks another protocol serves its own by their files, and keeps its socket for its own daemon.
      if (error instanceof WorkError && error.code === 'shim-failed') log.warn({ shim: name, err: error }, 'a shim of another protocol');
      else {
        rmSync(stateDir.shimSocket(name), { force: true });
        this.#bury(name);
      }
      connection.close();
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  #keep(shim: OurShim): void {
    this.#shims.set(shim.name, shim);
    void shim.closed.then(() => { this.#lose(shim); });
    this.#watchdog ??= setInterval(() => { this.#pingAll(); }, this.options.watchdog.intervalMs).unref();
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

  /** A shim that does not answer is ended: then it is a dead one, which nothing is lost by. */
  #pingAll(): void {
    for (const shim of this.#shims.values()) {
      const timer = setTimeout(() => {
        this.options.log.error({ shim: shim.name, shimPid: shim.pid }, 'the shim does not answer and is replaced');
        shim.kill();
      }, this.options.watchdog.timeoutMs).unref();
      shim.ping().then(() => { clearTimeout(timer); }, () => { clearTimeout(timer); });
    }
  }
}

function socketNames(stateDir: StateDir): string[] {
  const pattern = /^holdfast-shim-(.+)\.sock$/;
  return readdirSync(stateDir.root)
    .map((entry) => pattern.exec(entry)?.[1])
    .filter((name): name is string => name !== undefined);
}
