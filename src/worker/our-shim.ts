import { duplicateFdOf, openPidFd, signalPidFd } from '../sys/process';
import { closeSync } from 'node:fs';
import { faultPoint } from '../sys/fault';
import { type HeldDescriptor, SHIM_PROTOCOL, type ShimResults } from '../runtime/shim-protocol';
import type { ShimConnection } from './shim-connection';
import type { Shim, Taken, Takeover } from './shim';
import { WorkError, abortReason, throwIfAborted } from './errors';

const SIGKILL = 9;

/** What an adopting shim needs to know beyond a takeover. */
export interface Adoption extends Takeover {
  readonly pid: number;
  readonly starttime: string;
  /** The terminal's master, held by this daemon. */
  readonly terminalFd?: number;
  /** Held by this daemon: the process may end before the shim can take a pidfd of its own. */
  readonly pidFd?: number;
}

/** What a daemon says of itself to each shim that it connects to. */
export interface Greeting {
  readonly version: string;
  /** Whether the shim may run runtimes from copies in memory. */
  readonly copyRuntimes: boolean;
}

/** One running process of our shim program, that serves any number of containers. */
export class OurShim implements Shim {
  readonly isOurs = true;
  readonly #pidFd: number;
  #closed = false;

  private constructor(
    readonly name: string,
    readonly pid: number,
    readonly protocol: number,
    readonly version: string,
    private readonly connection: ShimConnection,
  ) {
    this.#pidFd = openPidFd(pid);
    void connection.closed.then(() => { this.close(); });
  }

  /** Says hello on a fresh connection. @throws WorkError */
  static async greet(name: string, connection: ShimConnection, greeting: Greeting): Promise<OurShim> {
    const hello = await connection.request('hello', { protocol: SHIM_PROTOCOL, ...greeting });
    return new OurShim(name, hello.pid, hello.protocol, hello.version, connection);
  }

  /** Resolves when the connection is gone: the shim has ended, or hangs and was given up. */
  get closed(): Promise<void> {
    return this.connection.closed;
  }

  async take(takeover: Takeover, signal: AbortSignal): Promise<Taken> {
    throwIfAborted(signal);
    const { dir } = takeover;
    const onAbort = (): void => {
      // Its answer comes as the take's: aborted.
      this.connection.request('abort', { dir }).catch(() => undefined);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const answer = this.connection.request('take', { ...takeover });
      faultPoint('daemon.take.sent');
      const taken = await answer;
      const held = this.#withTerminal(taken);
      // Without its terminal the process is over, or will be in a moment: it hangs up where the shim has died.
      if (taken.terminalFd !== undefined && held.terminalFd === undefined) await this.untilRecorded();
      return held;
    } catch (error) {
      throw signal.aborted ? abortReason(signal) : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async abort(takeover: Takeover): Promise<void> {
    await this.connection.request('abort', { dir: takeover.dir });
  }

  /** Hands a process over whose own shim has died. */
  async adopt(adoption: Adoption): Promise<void> {
    const { terminalFd, pidFd, ...rest } = adoption;
    const held = (fd: number): HeldDescriptor => ({ holderPid: process.pid, fd });
    const descriptors = {
      ...(terminalFd === undefined ? {} : { terminal: held(terminalFd) }),
      ...(pidFd === undefined ? {} : { process: held(pidFd) }),
    };
    faultPoint('daemon.adopt.before-request');
    const answer = this.connection.request('adopt', { ...rest, ...descriptors });
    faultPoint('daemon.adopt.sent');
    await answer;
    faultPoint('daemon.adopt.adopted');
  }

  /** The processes that this shim has, with duplicates of their terminals' masters. */
  async list(): Promise<{ readonly dir: string; readonly taken: Taken }[]> {
    const { processes } = await this.connection.request('list', {});
    return processes.map((entry) => ({ dir: entry.dir, taken: this.#withTerminal(entry) }));
  }

  /** It records an end in the turn that it reaps in, or the next: before it answers what comes after its answer to a take. */
  async untilRecorded(): Promise<void> {
    await this.ping();
  }

  /** Resolves when the shim has answered. */
  async ping(): Promise<void> {
    await this.connection.request('ping', {});
  }

  /** Ends a shim that hangs; its processes run on and are adopted. */
  kill(): void {
    if (!this.#closed) signalPidFd(this.#pidFd, SIGKILL);
  }

  /** Lets go of the connection; the shim runs on. May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#pidFd);
    this.connection.close();
  }

  #withTerminal(entry: ShimResults['take']): Taken {
    if (entry.terminalFd === undefined) return { pid: entry.pid };
    if (this.#closed) throw new WorkError('shim-exited');
    try {
      return { pid: entry.pid, terminalFd: duplicateFdOf(this.#pidFd, entry.terminalFd) };
    } catch {
      // The process has ended meanwhile and the shim has closed its terminal: nothing to hold.
      return { pid: entry.pid };
    }
  }
}
