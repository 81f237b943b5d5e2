import { readdirSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';

import { shimsOf } from '../../support/shims';
import type { TestHost } from '../../support/test-host';
import type { SoakProcess } from './soak-process';

/** What is told of an end that nobody could see (docs/reliability.md). */
const unknown = 255;
/** PIDFD_GET_INFO tells how other people's children ended, from Linux 6.15 on. */
const kernelTells = isAtLeast(6, 15);

/**
 * Knows of which processes an exit status may be lost: those which ended while both their shim was dead and no daemon
 * held a pidfd of them. All others must be told with their own. To be told of each kill at its moment.
 */
export class Unwatched {
  /** Their shim was killed, and no other is known to have adopted them. */
  readonly #shimless = new Set<SoakProcess>();
  /** Of those, the ones whose daemon was killed too. */
  readonly #blind = new Set<SoakProcess>();
  #isServing = true;

  constructor(
    private readonly host: TestHost,
    private readonly processes: () => Iterable<SoakProcess>,
  ) {}

  /** All shims are killed. */
  shimsDie(): void {
    for (const process of this.processes()) {
      if (process.phase === 'over') continue;
      this.#shimless.add(process);
      if (!kernelTells) process.mayBeToldWith(unknown);
    }
    if (!this.#isServing) this.#loseShimless();
  }

  /** The daemon is about to be killed. */
  daemonDies(): void {
    const held = heldByShims(this.host);
    for (const process of this.#shimless) {
      const isAdopted = held.has(`${placeOf(this.host, process)}/exit`);
      if (isAdopted || process.phase === 'over') this.#shimless.delete(process);
    }
    this.#isServing = false;
    this.#loseShimless();
  }

  /** A daemon has taken up all that lives, and serves. */
  served(): void {
    this.#isServing = true;
    for (const process of this.#blind) {
      if (process.isAlive()) continue;
      this.#shimless.delete(process);
      if (process.phase !== 'over') process.mayBeToldWith(unknown);
    }
    this.#blind.clear();
  }

  #loseShimless(): void {
    for (const process of this.#shimless) {
      this.#blind.add(process);
      process.losesHolders();
    }
  }
}

/** The exit FIFOs that the shims hold: what they have taken or adopted. */
function heldByShims(host: TestHost): Set<string> {
  const held = new Set<string>();
  for (const shim of shimsOf(host)) {
    const directory = `/proc/${String(shim.pid)}/fd`;
    for (const fd of entriesOf(directory)) {
      const target = linkOf(`${directory}/${fd}`);
      if (target.endsWith('/exit')) held.add(target);
    }
  }
  return held;
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // The shim has just ended.
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function isAtLeast(major: number, minor: number): boolean {
  const [ours = 0, oursMinor = 0] = release().split('.').map(Number);
  return ours > major || (ours === major && oursMinor >= minor);
}

/** Its directory: a task's container is named with its namespace. */
function placeOf({ stateDir }: TestHost, { id, processId }: SoakProcess): string {
  return `${id.includes('/') ? `${stateDir}.holdfast/namespaces` : stateDir}/${id}/${processId}`;
}
