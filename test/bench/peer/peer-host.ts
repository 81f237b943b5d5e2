import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { version } from '../../../package.json';
import { ChildReaper } from '../../../src/sys/process/children';
import { Poller } from '../../../src/sys/poller';
import { becomeSubreaper } from '../../../src/sys/process/process';
import { CommonDirectories } from '../../real/support/common-directories';
import { writeBundle } from '../../support/bundle';
import { type BareContainer, BareRuntime } from '../bare-runtime';
import { type Machine, describeMachine } from '../machine';
import type { BenchOptions } from '../options';
import { placeForState } from '../place';
import { versionOf } from '../text-of';
import { ApiSide } from './api-side';
import { Tasks, cgroupOf, sleeper } from './tasks';

/** Ours and Debian's containerd on this machine at the same time, and the bare runtime beside them. */
export class PeerHost {
  readonly #common = new CommonDirectories();
  readonly directory = mkdtempSync(join(placeForState(), 'holdfast-bench-'));
  readonly #poller = new Poller((error) => {
    throw error;
  });
  readonly reaper = new ChildReaper(this.#poller);
  readonly bare: BareRuntime;
  readonly #sides: readonly [ApiSide, ApiSide];
  #tasks: readonly [Tasks, Tasks] | undefined;
  #bareNames = 0;

  constructor(readonly options: BenchOptions) {
    if (!existsSync('/usr/bin/containerd')) throw new Error('there is no /usr/bin/containerd: run scripts/setup-real');
    this.#poller.ref();
    // Shims of containerd go to the next subreaper when their parent ends.
    becomeSubreaper();
    this.bare = new BareRuntime(this.reaper, options.runtime, join(this.directory, 'bare'));
    const side = (name: 'holdfast' | 'containerd'): ApiSide => new ApiSide(name, this.directory, this.reaper, options.daemon, options.cgroupParent);
    this.#sides = [side('holdfast'), side('containerd')];
  }

  async start(): Promise<void> {
    for (const side of this.#sides) await side.start();
    const [ours, theirs] = this.#sides;
    this.#tasks = [await Tasks.on(ours), await Tasks.on(theirs)];
    await this.#warmUp();
  }

  get ours(): Tasks {
    return this.#started()[0];
  }

  get theirs(): Tasks {
    return this.#started()[1];
  }

  async describe(): Promise<Machine> {
    const containerd = await versionOf(this.reaper, this.directory, '/usr/bin/containerd');
    return describeMachine(`holdfastd ${version} beside ${containerd}`, await versionOf(this.reaper, this.directory, this.options.runtime));
  }

  bareBundle(): { readonly id: string; readonly bundle: string } {
    const id = `bench-${String(process.pid)}-bare-${String(++this.#bareNames)}`;
    return { id, bundle: writeBundle(join(this.directory, 'bundles', id), { ...sleeper, ...cgroupOf(this.options.cgroupParent, id) }) };
  }

  async removeBare(container: BareContainer): Promise<void> {
    await this.bare.remove(container);
    rmSync(join(this.directory, 'bundles', container.id), { recursive: true });
  }

  async close(): Promise<void> {
    for (const tasks of this.#tasks ?? []) {
      await tasks.endAll();
      tasks.exits.close();
    }
    for (const side of this.#sides) await side.stop();
    await this.bare.removeAll();
    this.reaper.close();
    this.#poller.close();
    rmSync(this.directory, { recursive: true, force: true });
    this.#common.removeNew();
  }

  #started(): readonly [Tasks, Tasks] {
    if (this.#tasks === undefined) throw new Error('not started');
    return this.#tasks;
  }

  /** Both, as long as each other: what runs often is compiled, and what is kept is there. */
  async #warmUp(): Promise<void> {
    for (let done = 0; done < this.options.warmUp; done++) {
      for (const tasks of this.#started()) {
        const id = await tasks.run();
        await tasks.deleteExec(id, await tasks.exec(id));
        await tasks.pause(id);
        await tasks.resume(id);
        await tasks.end(id);
      }
    }
  }
}
