import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { heldDescriptor } from '../../runtime/state-dir/stdio-target';
import { Turns } from '../../sys/turns';
import type { ProcessDefinition } from '../definitions/definition';
import type { DescriptorHolder, DescriptorSet } from './descriptor-holder';

const name = 'output of the daemon';
const [STDOUT, STDERR] = [1, 2];

/** The daemon's own stdout and stderr, as a definition's `inherit` means them: what a container's record names. */
export const daemonOutput = { stdout: heldDescriptor(name, 0), stderr: heldDescriptor(name, 1) } as const;

export function inheritsOutput({ log }: Pick<ProcessDefinition, 'log'>): boolean {
  return log.stdout.is === 'inherit' || log.stderr.is === 'inherit';
}

/** Has the shim hold what this daemon writes to, for programs that are to write there as well. */
export class DaemonOutput {
  readonly #turns = new Turns();
  #isOurs = false;

  constructor(private readonly holder: DescriptorHolder) {}

  /** What a daemon of before has left goes nowhere that anybody reads. @param sets those that are not this one stay the caller's */
  takeUp(sets: readonly DescriptorSet[]): void {
    for (const set of sets) if (set.name === name) for (const fd of set.fds) closeSync(fd);
  }

  /** Once it is resolved, the shim for new processes holds them. May be done again. */
  async hold(): Promise<void> {
    await this.#turns.run('', async () => {
      if (this.#isOurs && (await this.holder.isHeld(name))) return;
      const opened = [STDOUT, STDERR].map(ownDescription);
      try {
        await this.holder.hold({ name, note: '', fds: opened.map(({ fd }) => fd) });
        this.#isOurs = true;
      } finally {
        for (const { fd, isOpened } of opened) if (isOpened) closeSync(fd);
      }
    });
  }

  /** Nobody is to write there any more; who does, goes on. */
  async release(): Promise<void> {
    await this.#turns.run('', async () => {
      this.#isOurs = false;
      await this.holder.release(name);
    });
  }
}

/** One that waits where the daemon's may not; a socket (journald's) cannot be opened again. */
function ownDescription(fd: number): { readonly fd: number; readonly isOpened: boolean } {
  if (fstatSync(fd).isSocket()) return { fd, isOpened: false };
  try {
    return { fd: openSync(`/proc/self/fd/${String(fd)}`, constants.O_WRONLY | constants.O_APPEND | constants.O_NOCTTY), isOpened: true };
  } catch {
    return { fd, isOpened: false };
  }
}
