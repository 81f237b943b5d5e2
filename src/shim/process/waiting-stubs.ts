import { waitingStub } from '../../runtime/host/stub';
import type { Child, ChildReaper } from '../../sys/process/children';
import type { SpawnOptions } from '../../sys/process/spawn-options';
import type { Gate } from '../gate';
import type { ShimLog } from '../log';
import { TellingPipe } from './telling-pipe';

/** A pipe holds 64 KiB (pipe(7)): what is less is written without waiting for its reader. */
const MOST_BYTES = 32 << 10;

/** Of every stub: nothing of this process's environment or directory is its own. */
export function stubOptions(): Pick<SpawnOptions, 'env' | 'cwd' | 'session'> {
  return { env: { PATH: process.env['PATH'] ?? '' }, cwd: '/', session: true };
}

/** The program that has just been started, and whoever waits for it, have the processors first. Of many at once each pays for its own. */
export const REST_MS = 5;

/** A shell that has come up, and waits to be told whose stub it is to be; by the end of the pipe, that it is told no more. */
export interface WaitingStub {
  readonly child: Child;
  readonly pipe: TellingPipe;
}

/**
 * The shell that the next host program becomes is up before that is asked for, as its coming up takes half of a program's start. The first program of a shim
 * pays for its own, and each has the next one come up; so a shim that has none has no shell either. It waits in the shim's own cgroup, and ends with the shim.
 */
export class WaitingStubs {
  #waiting: WaitingStub | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isComing = false;
  #isClosed = false;

  constructor(private readonly reaper: ChildReaper, private readonly gate: Gate, private readonly log: ShimLog) {}

  get isThere(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * Has the one that waits begin; it is the caller's from then on. @param bytes all that it will be told
   * @returns undefined where none waits, or it cannot be told: then nobody has been told anything
   */
  begin(beginning: string, bytes: number): WaitingStub | undefined {
    const waiting = this.#waiting;
    if (waiting === undefined || bytes > MOST_BYTES) return undefined;
    this.#waiting = undefined;
    if (waiting.pipe.tell(beginning)) return waiting;
    waiting.pipe.close();
    return undefined;
  }

  /** Has one come up in a moment, unless one waits already or is on its way. Where it cannot, the next program pays for its own. */
  prepare(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.#prepareNow(); }, REST_MS).unref();
  }

  /** Ends the one that waits. Resolves when it is gone. */
  async end(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.pipe.close();
    await waiting?.child.exited;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#waiting?.pipe.close();
    this.#waiting = undefined;
  }

  #prepareNow(): void {
    if (this.#waiting !== undefined || this.#isComing || this.#isClosed || this.gate.isClosed) return;
    this.#isComing = true;
    this.#start().catch((error: unknown) => { this.log.error('starting a waiting stub', error); }).finally(() => { this.#isComing = false; });
  }

  async #start(): Promise<void> {
    const pipe = new TellingPipe();
    try {
      const child = await this.reaper.launch({ ...waitingStub(process.pid), ...stubOptions(), more: [pipe.endFd] });
      pipe.closeEnd();
      const waiting = { child, pipe };
      void child.exited.then(() => {
        pipe.close();
        if (this.#waiting === waiting) this.#waiting = undefined;
      });
      if (this.#isClosed || this.gate.isClosed) pipe.close();
      else this.#waiting = waiting;
    } catch (error) {
      pipe.close();
      throw error;
    }
  }
}
