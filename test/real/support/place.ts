import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { cgroupDirectories, removeCgroups } from '../../support/cgroups';
import { LeftoverError } from '../../support/leftovers';
import { processesInCgroup, processesNaming, signalExactly, waitForExit } from '../../support/processes';
import type { SeenProcess } from '../../support/processes';
import { CommonDirectories } from './common-directories';
import { run } from './program';

/**
 * A corner of this machine for one backend and its clients: a directory, a containerd namespace and a cgroup of the
 * same name. {@link cleanUp} leaves nothing of it, and complains of what it had to remove by force.
 */
export class Place {
  /** Short: sockets deep below it have 107 bytes for their path (unix(7)). Open to the users that root is in a container. */
  readonly directory = openToAll(mkdtempSync(join(tmpdir(), 'hfr-')));
  /** Of ctr's containers; ctr puts them into the cgroup `/<namespace>/<id>`. */
  readonly namespace = `hfr-${randomBytes(3).toString('hex')}`;
  readonly cgroup = `/${this.namespace}`;
  readonly #common = new CommonDirectories();
  readonly #closers: (() => unknown)[] = [];

  path(...names: readonly string[]): string {
    return join(this.directory, ...names);
  }

  /** To be done at the end, the last first. */
  atEnd(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** Ends all and removes all. Rejects with what was there that should not have been. */
  async cleanUp(): Promise<void> {
    const complaints: string[] = [];
    for (const close of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        complaints.push(String(error));
      }
    }
    complaints.push(...(await this.#endProcesses()));
    for (const path of this.#mounts().reverse()) {
      complaints.push(`mount ${path}`);
      await run('umount', ['--lazy', path]);
    }
    const { own, below } = cgroupDirectories(this.cgroup);
    complaints.push(...below.map((path) => `cgroup ${path}`));
    removeCgroups([...below, ...own]);
    rmSync(join('/run/containerd/runc', this.namespace), { recursive: true, force: true });
    rmSync(this.directory, { recursive: true, force: true });
    this.#common.removeNew();
    if (complaints.length > 0) throw new LeftoverError(complaints);
  }

  /** Processes of this place; those that end by themselves in a moment (a shim whose last container is gone) are waited for. */
  async #endProcesses(): Promise<string[]> {
    const { own, below } = cgroupDirectories(this.cgroup);
    for (const path of [...below, ...own]) thaw(path);
    const seen = this.#processes();
    const late: string[] = [];
    for (const one of seen) {
      try {
        await waitForExit(one.pid, 10_000);
      } catch {
        late.push(`process ${String(one.pid)}: ${one.commandLine}`);
        signalExactly(one, 'SIGKILL');
        await waitForExit(one.pid);
      }
    }
    // What the killed ones had started.
    return this.#processes().length > 0 ? [...late, ...(await this.#endProcesses())] : late;
  }

  #processes(): SeenProcess[] {
    const named = processesNaming(`${this.directory}/`);
    const known = new Set(named.map((seen) => seen.pid));
    return [...named, ...processesInCgroup(this.cgroup).filter((seen) => !known.has(seen.pid))];
  }

  #mounts(): string[] {
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .flatMap((line) => line.split(' ')[4] ?? [])
      .filter((path) => path.startsWith(`${this.directory}/`));
  }
}

/** What is frozen does not die of SIGKILL; a failed test may leave a container so. */
function thaw(cgroup: string): void {
  for (const [file, running] of [['freezer.state', 'THAWED'], ['cgroup.freeze', '0']] as const) {
    const path = join(cgroup, file);
    if (existsSync(path)) writeFileSync(path, running);
  }
}

function openToAll(directory: string): string {
  chmodSync(directory, 0o711);
  return directory;
}
