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
  /** It is who has run the program in the foreground, or goes on in the place of the one before: where it leaves it, the next one goes on. */
  ofRun(pid: number): void;
  /** The program waits no longer. @param isOver the run has ended; otherwise the next reader may go on where this one was. Throws nothing; may be called twice. */
  release(isOver: boolean): void;
}

/** A hold of this daemon. */
interface OwnHold {
  readonly file: HoldFile;
  readonly gone: Promise<void>;
}

/**
 * Readers of kept output that programs wait for, each a file in the state directory (see runtime/kept-output/holds.ts): copiers see them without this
 * daemon, and see by themselves which of them live.
 */
export class OutputHolds {
  /** Of this daemon, by the program's name. */
  readonly #own = new Map<string, Set<OwnHold>>();
  readonly #daemon: ProcessIdentity;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param root a directory for each program, by its name */
  constructor(private readonly root: string) {
    this.#daemon = identityOf(process.pid) ?? { pid: process.pid, starttime: '' };
  }

  /** Clients of the daemon before that do not come back are not waited for any longer. */
  begin(): void {
    this.#timer = setTimeout(() => {
      try {
        for (const name of namesIn(this.root)) for (const hold of this.#others(name)) writeHold(this.#dir(name), hold.name, { ...hold, isLeft: true });
      } catch {
        // No room, or no descriptor: until the next time they are waited for.
        this.begin();
      }
    }, RETURN_MS);
    this.#timer.unref();
  }

  /** This daemon ends: its readers go on with the next, and are waited for until they have come there. May be called twice. */
  close(): void {
    this.#isClosed = true;
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
    const leave = this.#remember(name, writing);
    let isReleased = false;
    return {
      // What a client sent before it left may be read after that: it holds nothing again.
      reached: (now) => { if (!isReleased) writing.reached(now); },
      ofRun: (runPid) => {
        if (isReleased) return;
        writing.change({ runPid });
        this.#removeDead(name, file, true);
      },
      release: (isOver) => {
        if (isReleased) return;
        isReleased = true;
        if (!this.#isClosed) this.#end(name, writing, isOver);
        leave();
      },
    };
  }

  /** Where the last reader of a run was that has left it, or has died: undefined where there was none. */
  leftAt(name: string, runPid: number): Places | undefined {
    return holdsIn(this.#dir(name)).find((hold) => hold.runPid === runPid && !isStanding(hold))?.places;
  }

  /** Whether there is more output than could be written so far, as readers are behind. */
  isHeld(name: string): boolean {
    return isHeld(this.#dir(name));
  }

  /** Waits until nobody holds its output. @returns whether it has come to that: not where this daemon ends first */
  async untilNone(name: string): Promise<boolean> {
    for (;;) {
      const own = this.#own.get(name);
      if (own !== undefined) await Promise.all([...own].map(({ gone }) => gone));
      if (this.#isClosed) return false;
      if (own !== undefined) continue;
      if (!holdsIn(this.#dir(name)).some(isStanding)) return true;
      await delay(LOOK_MS, undefined, { ref: false });
    }
  }

  /** The program is forgotten: nobody is waited for, whatever its readers say still. */
  forget(name: string): void {
    for (const { file } of this.#own.get(name) ?? []) file.close();
    rmSync(this.#dir(name), { recursive: true, force: true });
    removeWhereEmpty(this.root, dirname(this.root));
  }

  #end(name: string, file: HoldFile, isOver: boolean): void {
    const isFollowed = !isOver && file.isOfRun;
    try {
      if (isFollowed) file.change({ isLeft: true });
      else file.remove();
      file.close();
      this.#removeDead(name, file.name, isOver || isFollowed);
      removeWhereEmpty(this.#dir(name), this.root, dirname(this.root));
    } catch {
      // Who has left has no use for an error; what lies there still goes with the next one that leaves, or with the program.
    }
  }

  /** @param withPlaces also of those whose place was remembered: it is somebody else's now, or the run has ended */
  #removeDead(name: string, own: string, withPlaces: boolean): void {
    const dead = holdsIn(this.#dir(name)).filter((hold) => hold.name !== own && !isStanding(hold) && (withPlaces || hold.runPid === undefined));
    for (const hold of dead) removeHold(this.#dir(name), hold.name);
  }

  /** Of a daemon before this one. */
  #others(name: string): NamedHold[] {
    return holdsIn(this.#dir(name)).filter((hold) => isStanding(hold) && (hold.daemon.pid !== this.#daemon.pid || hold.daemon.starttime !== this.#daemon.starttime));
  }

  #remember(name: string, file: HoldFile): () => void {
    const all = this.#own.get(name) ?? new Set();
    this.#own.set(name, all);
    let leave: () => void = () => undefined;
    const own = { file, gone: new Promise<void>((resolve) => { leave = resolve; }) };
    all.add(own);
    return () => {
      all.delete(own);
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
  #isClosed = false;

  constructor(private readonly dir: string, readonly name: string, private hold: Hold) {}

  /** @throws the system's error */
  write(): void {
    writeHold(this.dir, this.name, this.hold);
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

  /** @throws the system's error */
  remove(): void {
    removeHold(this.dir, this.name);
  }

  /** Nothing is written any more. May be called twice. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  change(changes: Partial<Hold>): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.hold = { ...this.hold, ...changes };
    if (this.#isClosed) return;
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
