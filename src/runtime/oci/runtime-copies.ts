import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { versionOf } from '../../sys/files/cached-name';
import { SysError } from '../../sys/errors';
import { isShortage } from '../../sys/shortage';
import { SealedCopy } from './sealed-copy';

/** Where it says what nobody asked for. */
export interface CopyLog {
  info(message: string): void;
  error(message: string, cause: unknown): void;
}

/** A host has one runtime, or two. */
const MOST_PROGRAMS = 4;

/** What is known of a program in one state of its file. */
interface Known {
  readonly version: string;
  /** Undefined while it is being made, and where there is to be none. */
  copy?: SealedCopy;
}

/**
 * Sealed copies of runtimes in memory, to run them from.
 *
 * Before runc or crun enters a container it sees to it that the program it runs from cannot be changed through
 * /proc/<pid>/exe (CVE-2019-5736): each time it makes a copy of itself, or a read-only mount that serves as one, and
 * executes that. One that finds itself in a sealed file leaves this out: with runc 1.1.5, 0.8 ms of an exec's 13, and
 * of parallel starts a tenth, since the mount and its removal are waited for by all of them.
 *
 * And where the kernel can, a copy lies in huge pages: whatever runc is called for, it is over in 13 % less time (a `pause`
 * with a `resume`: 9.8 ms instead of 11.2 on a virtual machine).
 */
export class RuntimeCopies {
  /** Nothing is copied, and no copy used, before this is called for. */
  private allowed = false;
  private readonly programs = new Map<string, Known>();

  constructor(private readonly log: CopyLog) {}

  get isAllowed(): boolean {
    return this.allowed;
  }

  /** Whether the daemon wants runtimes to be run from copies. */
  allow(allowed: boolean): void {
    this.allowed = allowed;
    if (!allowed) this.close();
  }

  /**
   * Calls `launch` with what to execute for a runtime: its copy, or the program itself where there is none: as long as
   * it is being made, of a program that makes none by itself, of one that has just changed, or where the system refuses.
   * @param program absolute path
   * @param version of its file, which is local then; without one there is no copy
   */
  async launch<T>(program: string, version: string | undefined, launch: (file: string) => Promise<T>): Promise<T> {
    const known = this.allowed ? this.lookUp(program, version) : undefined;
    const copy = known?.copy;
    if (copy === undefined) return await launch(program);
    try {
      return await copy.launch(launch);
    } catch (error) {
      if (!(error instanceof SysError && error.path === copy.path) || isShortage(error)) throw error;
      // A security module, perhaps; or /proc is not there.
      this.log.error(`${program} cannot be executed from its copy in memory, and is from its file`, error);
      // Of several launches at once, the first.
      if (known?.copy === copy) {
        delete known.copy;
        copy.release();
      }
      return await launch(program);
    }
  }

  close(): void {
    for (const { copy } of this.programs.values()) copy?.release();
    this.programs.clear();
  }

  /** What is known of the program in this version; what is not known yet will be in a moment. */
  private lookUp(program: string, version: string | undefined): Known | undefined {
    const known = this.programs.get(program);
    if (known?.version === version) return known;
    known?.copy?.release();
    this.programs.delete(program);
    if (version === undefined || this.programs.size >= MOST_PROGRAMS) return undefined;
    const found: Known = { version };
    this.programs.set(program, found);
    void this.makeCopy(program, found);
    return found;
  }

  private async makeCopy(program: string, known: Known): Promise<void> {
    try {
      // A copy may be executed also where the program may not.
      await access(program, constants.X_OK);
      const copy = await SealedCopy.of(program);
      if (copy === undefined) return;
      if (this.programs.get(program) !== known || (await versionNow(program)) !== known.version) {
        copy.release();
        return;
      }
      known.copy = copy;
      this.log.info(`${program} is run from a copy in memory`);
    } catch (error) {
      if (isShortage(error)) {
        // The next launch tries again.
        if (this.programs.get(program) === known) this.programs.delete(program);
        return;
      }
      this.log.error(`${program} cannot be copied into memory, and is run from its file`, error);
    }
  }
}

/** As factsOf has it. @throws the system's error */
async function versionNow(path: string): Promise<string> {
  const { ino: inode, size, ctimeNs: changedNs, mtimeNs: modifiedNs } = await stat(path, { bigint: true });
  return versionOf({ inode, size: Number(size), changedNs, modifiedNs });
}
