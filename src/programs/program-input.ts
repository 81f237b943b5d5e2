import { constants } from 'node:fs';
import { closeAside, openAside, writeInLane } from '../sys/files/aside';
import type { Poller } from '../sys/poller';
import { errorCodeOf } from '../sys/thrown';
import type { ProgramParts } from './parts';
import type { Program } from './program';

/**
 * The stdin of a program that is open to whoever attaches: a FIFO of its own directory. Opened, written to and closed on other threads,
 * as a program may read with its lock for as long as a disk hangs ({@link openAside}).
 */
export class ProgramInput {
  /** Undefined where its stdin is not open. */
  readonly #fd: Promise<number | undefined>;
  #isGone = false;
  /** Ends the wait for room, and that of who writes. */
  #wake: () => void = () => undefined;
  #leave: () => void = () => undefined;
  /** What uses the descriptor, which may not be closed meanwhile: its number could be another's. */
  #use: Promise<unknown>;

  private constructor(private readonly poller: Poller, path: string) {
    this.#fd = open(path);
    // Who writes is told of it.
    this.#use = this.#fd.catch(() => undefined);
  }

  /** Begins to open it. */
  static open({ inputPath, poller }: ProgramParts, { key }: Program): ProgramInput {
    return new ProgramInput(poller, inputPath(key));
  }

  /** One at a time. Resolves when the kernel has all of it, or nobody wants it any more. Rejects with the system's error. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isGone) return;
    const writing = this.#writeAll(bytes);
    this.#use = writing.catch(() => undefined);
    await new Promise<void>((resolve, reject) => {
      this.#leave = resolve;
      writing.then(resolve, reject);
    });
  }

  /** The program's stdin stays open. May be called twice. */
  close(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#wake();
    this.#leave();
    void this.#use.then(async () => {
      const fd = await this.#fd.catch(() => undefined);
      if (fd !== undefined) await closeAside(fd);
    });
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    const fd = await this.#fd;
    for (let rest = bytes; fd !== undefined && rest.length > 0 && !this.#isGone;) {
      const taken = await writeInLane(fd, rest);
      // It has ended, or has closed its stdin: it wants no more.
      if (taken === 'broken') this.close();
      else if (taken === 'again') await this.#room(fd);
      else rest = rest.subarray(taken);
    }
  }

  /** Resolves when there is some, or no reader any more, or nobody waits for it. */
  async #room(fd: number): Promise<void> {
    if (this.#isGone) return;
    const room = new Promise<void>((resolve) => { this.#wake = resolve; });
    const watch = this.poller.watch(fd, { out: true, edge: true }, this.#wake);
    await room;
    watch.close();
  }
}

async function open(path: string): Promise<number | undefined> {
  try {
    return await openAside(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENXIO' || code === 'ENOENT') return undefined;
    throw error;
  }
}
