import { programVersionAtOnce } from '../foreign/programs';
import { copiesItself } from './program-file';

/** A host has one runtime, or two. */
const MOST_PROGRAMS = 16;

/** What kinds the runtimes of this host are, each looked at once for each state of its file. */
export class RuntimeKinds {
  readonly #known = new Map<string, { readonly version: string; readonly isCgroupRuntime: Promise<boolean> }>();

  /**
   * Whether the runtime pauses by the cgroup freezer and nothing more, so that the kernel may be asked instead: runc and crun.
   * One that cannot be read at once is not. Never rejects.
   *
   * @param program absolute path
   */
  async isCgroupRuntime(program: string): Promise<boolean> {
    const version = versionIfReadable(program);
    if (version === undefined) return false;
    const known = this.#known.get(program);
    if (known?.version === version) return known.isCgroupRuntime;
    if (this.#known.size >= MOST_PROGRAMS) this.#known.clear();
    const isCgroupRuntime = copiesItself(program).catch(() => false);
    this.#known.set(program, { version, isCgroupRuntime });
    return isCgroupRuntime;
  }
}

function versionIfReadable(program: string): string | undefined {
  try {
    return programVersionAtOnce(program);
  } catch {
    // Why, its launch will say.
    return undefined;
  }
}
