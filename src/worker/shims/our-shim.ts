import { duplicateFdOf, killPidFd, openPidFd } from '../../sys/process/process';
import { closeSync, fstatSync } from 'node:fs';
import { faultPoint } from '../../sys/fault';
import { closeAside } from '../../sys/files/aside';
import { type FifoEnd, type FifoEnds, type HeldDescriptor, type PipeEnd, OLDEST_SHIM_PROTOCOL, SHIM_PROTOCOL, type ShimResults } from '../../runtime/shim-protocol';
import type { Said } from '../../runtime/notice';
import type { StreamName } from '../../runtime/state-dir/between';
import { fileOf } from '../../runtime/unread-output';
import { orAborted } from '../deadline';
import type { ShimConnection } from './shim-connection';
import { type HeldStdio, type Shim, type Taken, type Takeover, closeHeld } from './shim';
import { WorkError, abortReason, throwIfAborted } from '../errors';

/** The protocol that has the verb. */
const UPGRADE_SINCE = 2;
const HOLD_SINCE = 3;

/** Descriptors that a shim holds under a name. */
export interface HeldDescriptors {
  readonly name: string;
  /** What whoever has had them held says of them. */
  readonly note: string;
  readonly fds: readonly number[];
  /** What the shim has heard at them while no daemon was there; where it is given to be held: it is to hear. */
  readonly said?: Said | undefined;
}

/** What an adopting shim needs to know beyond a takeover. */
export interface Adoption extends Takeover, HeldStdio {
  readonly pid: number;
  readonly starttime: string;
  /** Held by this daemon: the process may end before the shim can take a pidfd of its own. */
  readonly pidFd?: number;
}

/** A process that a shim says it has. */
export interface Listed {
  readonly dir: string;
  readonly taken: Taken;
}

/** What a shim has; the descriptors are the receiver's. */
export interface ShimContent {
  readonly processes: readonly Listed[];
  /** FIFOs of ended processes with output that nobody has read yet. */
  readonly unreadFds: readonly number[];
}

/** What a daemon says of itself to each shim that it connects to. */
export interface Greeting {
  readonly version: string;
  /** Whether the shim may run runtimes from copies in memory. */
  readonly copyRuntimes: boolean;
}

function greetedBy(connection: ShimConnection, greeting: Greeting): Promise<ShimResults['hello']> {
  return connection.request('hello', { protocol: OLDEST_SHIM_PROTOCOL, newestProtocol: SHIM_PROTOCOL, ...greeting });
}

/** One running process of our shim program, that serves any number of containers. */
export class OurShim implements Shim {
  readonly isOurs = true;
  readonly #pidFd: number;
  #closed = false;

  private constructor(
    readonly name: string,
    readonly pid: number,
    private speaks: { readonly protocol: number; readonly version: string },
    private readonly connection: ShimConnection,
    private readonly greeting: Greeting,
  ) {
    this.#pidFd = openPidFd(pid);
    void connection.closed.then(() => { this.close(); });
  }

  /** Says hello on a fresh connection. @throws WorkError */
  static async greet(name: string, connection: ShimConnection, greeting: Greeting): Promise<OurShim> {
    const hello = await greetedBy(connection, greeting);
    return new OurShim(name, hello.pid, hello, connection, greeting);
  }

  /** What both sides speak. */
  get protocol(): number {
    return this.speaks.protocol;
  }

  get version(): string {
    return this.speaks.version;
  }

  /** Whether it can go on as another program. */
  get canUpgrade(): boolean {
    return this.protocol >= UPGRADE_SINCE;
  }

  /**
   * Has it go on as another program: the same process, with the same children and this connection.
   * @param command the program and its first arguments
   * @throws WorkError where it goes on as it was; `shim-exited` where it has died over it
   */
  async upgrade(command: readonly string[]): Promise<void> {
    faultPoint('daemon.upgrade.before-request');
    const answer = this.connection.request('upgrade', { command });
    faultPoint('daemon.upgrade.sent');
    await answer;
    this.speaks = await greetedBy(this.connection, this.greeting);
    faultPoint('daemon.upgrade.upgraded');
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
      // At the deadline, whether it answers or not: what it has done by then, the undoing has it take back.
      const taken = await orAborted(signal, answer);
      const held = this.#holding(taken);
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
    const { terminalFd, pipeFds, fifoFds, pidFd, ...rest } = adoption;
    const held = (fd: number): HeldDescriptor => ({ holderPid: process.pid, fd });
    const descriptors = {
      ...(terminalFd === undefined ? {} : { terminal: held(terminalFd) }),
      ...(pidFd === undefined ? {} : { process: held(pidFd) }),
      ...(pipeFds === undefined ? {} : { pipes: mapped(pipeFds, held) }),
      ...(fifoFds === undefined ? {} : { fifos: mapped(fifoFds, (fd) => ({ ...held(fd), file: fileOf(fd) })) }),
    };
    faultPoint('daemon.adopt.before-request');
    const answer = this.connection.request('adopt', { ...rest, ...descriptors });
    faultPoint('daemon.adopt.sent');
    await answer;
    faultPoint('daemon.adopt.adopted');
  }

  /** What this shim has: its processes, with duplicates of their terminals' masters and their pipes, and what it keeps of ended ones. */
  async list(): Promise<ShimContent> {
    const { processes, unread = [] } = await this.connection.request('list', {});
    return {
      processes: processes.map((entry) => ({ dir: entry.dir, taken: this.#holding(entry) })),
      unreadFds: unread.flatMap((fifo) => this.#duplicateFifo(fifo) ?? []),
    };
  }

  /** It records an end in the turn that it reaps in, or the next: before it answers what comes after its answer to a take. */
  async untilRecorded(): Promise<void> {
    await this.ping();
  }

  async untilInputEnds({ dir }: Takeover): Promise<void> {
    await this.connection.request('untilInputEnds', { dir });
  }

  /** Resolves when the shim has answered. */
  async ping(): Promise<void> {
    await this.connection.request('ping', {});
  }

  /** Has it hold duplicates of descriptors of this process, also when that is gone. @throws WorkError */
  async hold({ name, note, fds, said }: HeldDescriptors): Promise<void> {
    await this.connection.request('hold', { name, note, holderPid: process.pid, fds, ...(said === undefined ? {} : { hears: true }) });
  }

  async release(name: string): Promise<void> {
    await this.connection.request('release', { name });
  }

  /** Duplicates of all that it holds; the descriptors are the receiver's. @throws WorkError */
  async held(): Promise<readonly HeldDescriptors[]> {
    if (this.protocol < HOLD_SINCE) return [];
    const { sets } = await this.connection.request('held', {});
    return sets.flatMap(({ name, note, fds, said }) => {
      const own = this.#closed ? [] : fds.map((fd) => this.#duplicate(fd));
      if (own.length === fds.length && own.every((fd) => fd !== undefined)) return [{ name, note, fds: own, said }];
      for (const fd of own) if (fd !== undefined) closeSync(fd);
      return [];
    });
  }

  /** Ends a shim that hangs; its processes run on and are adopted. */
  kill(): void {
    if (!this.#closed) killPidFd(this.#pidFd);
  }

  /** Lets go of the connection; the shim runs on. May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#pidFd);
    this.connection.close();
  }

  #holding({ pid, terminalFd, pipes, fifos }: ShimResults['take']): Taken {
    if (terminalFd === undefined && pipes === undefined && fifos === undefined) return { pid };
    if (this.#closed) throw new WorkError('shim-exited');
    const terminal = terminalFd === undefined ? undefined : this.#duplicate(terminalFd);
    return {
      pid,
      ...(terminal === undefined ? {} : { terminalFd: terminal }),
      ...(pipes === undefined ? {} : { pipeFds: mapped(pipes, (end) => this.#duplicatePipe(end)) }),
      ...this.#holdingFifos(fifos),
    };
  }

  /** Nothing where one cannot be had, as before Linux 5.6: then they are opened by their paths. */
  #holdingFifos(fifos: FifoEnds | undefined): Pick<HeldStdio, 'fifoFds'> {
    if (fifos === undefined) return {};
    const fifoFds = mapped(fifos, (end) => this.#duplicateFifo(end));
    if (Object.keys(fifoFds).length === Object.keys(fifos).length) return { fifoFds };
    closeHeld({ fifoFds });
    return {};
  }

  /** Undefined where the process has ended meanwhile and the shim has closed it: nothing to hold. */
  #duplicate(fd: number): number | undefined {
    try {
      return duplicateFdOf(this.#pidFd, fd);
    } catch {
      return undefined;
    }
  }

  /** What has been read meanwhile is closed, and its number may be another file's. */
  #duplicateFifo({ fd, file }: FifoEnd): number | undefined {
    const own = this.#closed ? undefined : this.#duplicate(fd);
    if (own === undefined || fileOf(own) === file) return own;
    void closeAside(own);
    return undefined;
  }

  /** An input may come to its end at any moment, and its number be another's. */
  #duplicatePipe({ fd, inode }: PipeEnd): number | undefined {
    const own = this.#duplicate(fd);
    if (own === undefined || fstatSync(own).ino === inode) return own;
    closeSync(own);
    return undefined;
  }
}

/** The same of each stream; what becomes nothing is left out. */
function mapped<Name extends StreamName, From, To>(streams: { readonly [P in Name]?: From | undefined }, map: (stream: From) => To | undefined): { readonly [P in Name]?: To } {
  const made = Object.entries(streams).map(([name, stream]) => [name, stream === undefined ? undefined : map(stream as From)] as const);
  return Object.fromEntries(made.filter(([, value]) => value !== undefined)) as { readonly [P in Name]?: To };
}
