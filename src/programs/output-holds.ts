import { readdirSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Requester } from '../records/definition-record';
import type { Places } from '../runtime/kept-output/cursor';
import { allSeries } from '../runtime/kept-output/file-names';
import { type Hold, type NamedHold, type ProcessIdentity, holdsIn, identityOf, isHeld, isStanding, removeHold, writeHold } from '../runtime/kept-output/holds';
import { errorCodeOf } from '../sys/thrown';

/** How long a client may take to come back to the next daemon. */
const RETURN_MS = 10_000;
/** How often readers of the daemon before this one are looked for. */
const LOOK_MS = 100;
/** How much later is written down how far one is, where that changes nothing for the program. */
const WRITE_MS = 20;

/** A reader that a program waits for. */
export interface OutputHold {
  /** It has all before these. */
  reached(places: Places): void;
  /** It is who has run the program in the foreground: where it leaves it, the next one goes on. */
  ofRun(pid: number): void;
  /** The program waits no longer. @param isOver the run has ended; otherwise the next reader may go on where this one was. May be called twice. */
  release(isOver: boolean): void;
}

/**
 * Readers of kept output that programs wait for, each a file in the state directory (see runtime/kept-output/holds.ts): copiers see them without this
 * daemon, and see by themselves which of them live.
 */
export class OutputHolds {
  /** Of this daemon, by the program's name. */
  readonly #own = new Map<string, Set<Promise<void>>>();
  readonly #daemon: ProcessIdentity;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param root a directory for each program, by its name */
  constructor(private readonly root: string) {
    this.#daemon = identityOf(process.pid) ?? { pid: process.pid, starttime: '' };
  }

  /** Clients of the daemon before that do not come back are not waited for any longer. */
  begin(): void {
    this.#timer = setTimeout(() => {
      for (const name of namesIn(this.root)) for (const hold of this.#others(name)) writeHold(this.#dir(name), hold.name, { ...hold, isLeft: true });
    }, RETURN_MS);
    this.#timer.unref();
  }

  /** May be called twice. */
  close(): void {
    clearTimeout(this.#timer);
  }

  /**
   * @param client whose death ends it, whatever becomes of this daemon
   * @param places what is before these it has; a row that is not among them it has to get whole
   * @throws the system's error
   */
  hold(name: string, client: Requester | undefined, places: Places): OutputHold {
    this.#count += 1;
    const file = `${String(process.pid)}-${String(this.#count)}`;
    const dir = this.#dir(name);
    const identity = client === undefined ? undefined : identityOf(client.pid);
    const writing = new HoldFile(dir, file, { client: identity, daemon: this.#daemon, places });
    writing.write();
    // It comes back, having lost the daemon before.
    const before = this.#others(name).find((other) => identity !== undefined && other.client?.pid === identity.pid && other.client.starttime === identity.starttime);
    if (before !== undefined) {
      writing.change({ runPid: before.runPid });
      removeHold(dir, before.name);
    }
    const forget = this.#remember(name);
    let isReleased = false;
    return {
      // What a client sent before it left may be read after that: it holds nothing again.
      reached: (now) => { if (!isReleased) writing.reached(now); },
      ofRun: (runPid) => { if (!isReleased) writing.change({ runPid }); },
      release: (isOver) => {
        if (isReleased) return;
        isReleased = true;
        this.#removeLeft(name);
        writing.close();
        if (isOver || !writing.isOfRun) this.#remove(name, file);
        else writing.change({ isLeft: true });
        forget();
      },
    };
  }

  /** Where the last reader of a run was that has left it, or has died: undefined where there was none. */
  leftAt(name: string, runPid: number): Places | undefined {
    return holdsIn(this.#dir(name)).findLast((hold) => hold.runPid === runPid && !isStanding(hold))?.places;
  }

  /** Whether there is more output than could be written so far, as readers are behind. */
  isHeld(name: string): boolean {
    return isHeld(this.#dir(name));
  }

  /** Resolves when nobody holds its output. */
  async untilNone(name: string): Promise<void> {
    for (;;) {
      const own = this.#own.get(name);
      if (own !== undefined) await Promise.all(own);
      else if (!holdsIn(this.#dir(name)).some(isStanding)) return;
      else await delay(LOOK_MS, undefined, { ref: false });
    }
  }

  /** The program is forgotten: nobody is waited for. */
  forget(name: string): void {
    rmSync(this.#dir(name), { recursive: true, force: true });
    removeWhereEmpty(this.root, dirname(this.root));
  }

  #remove(name: string, file: string): void {
    removeHold(this.#dir(name), file);
    removeWhereEmpty(this.#dir(name), this.root, dirname(this.root));
  }

  #removeLeft(name: string): void {
    for (const hold of holdsIn(this.#dir(name))) if (!isStanding(hold)) removeHold(this.#dir(name), hold.name);
  }

  /** Of a daemon before this one. */
  #others(name: string): NamedHold[] {
    return holdsIn(this.#dir(name)).filter((hold) => isStanding(hold) && (hold.daemon.pid !== this.#daemon.pid || hold.daemon.starttime !== this.#daemon.starttime));
  }

  #remember(name: string): () => void {
    const all = this.#own.get(name) ?? new Set();
    this.#own.set(name, all);
    let leave: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => { leave = resolve; });
    all.add(gone);
    return () => {
      all.delete(gone);
      if (all.size === 0 && this.#own.get(name) === all) this.#own.delete(name);
      leave();
    };
  }

  #dir(name: string): string {
    return join(this.root, name);
  }
}

/** Where a reader is, as a file: written at once where it has come to another file, which may be what a program waits for. */
class HoldFile {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly dir: string, private readonly file: string, private hold: Hold) {}

  /** @throws the system's error */
  write(): void {
    writeHold(this.dir, this.file, this.hold);
  }

  reached(places: Places): void {
    const isOtherFile = allSeries.some((series) => this.hold.places[series]?.number !== places[series]?.number);
    if (isOtherFile) this.change({ places });
    else {
      this.hold = { ...this.hold, places };
      this.#timer ??= setTimeout(() => { this.change({}); }, WRITE_MS);
    }
  }

  get isOfRun(): boolean {
    return this.hold.runPid !== undefined;
  }

  /** No later write but by change(). */
  close(): void {
    clearTimeout(this.#timer);
  }

  change(changes: Partial<Hold>): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.hold = { ...this.hold, ...changes };
    try {
      this.write();
    } catch {
      // No room for it: the program waits until the next time, or until the client is gone.
    }
  }
}

/** Each of them lies in the next. */
function removeWhereEmpty(...dirs: readonly string[]): void {
  try {
    for (const dir of dirs) rmdirSync(dir);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
  }
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
