import { closeSync } from 'node:fs';
import { closeAside } from '../../sys/files/aside';
import { type ContainerKey, idOfRuntime, isLegacy, keyOf, nameOf, runtimeIdOf } from '../../runtime/state-dir/container-key';
import type { StreamName } from '../../runtime/state-dir/between';
import type { PipeName, ShimProcess } from '../../runtime/shim-protocol';

/** A process that a shim is asked to take over; all else is in its directory. */
export type Takeover = ShimProcess;

/** The container's part of a takeover: how the runtime knows it, and in which namespace. */
export function takeoverNames(key: ContainerKey): { readonly id: string; readonly namespace?: string } {
  if (isLegacy(key)) return { id: key };
  const { namespace, id } = nameOf(key);
  return { namespace, id: runtimeIdOf(id) };
}

/** The key of the container that a takeover is of. */
export function keyOfTakeover({ id, namespace }: Takeover): ContainerKey {
  return namespace === undefined ? id : keyOf({ namespace, id: idOfRuntime(id) });
}

/** Descriptors of a process that the daemon holds, too, so that the death of the shim harms nobody. */
export interface HeldStdio {
  /** The terminal's master. */
  readonly terminalFd?: number | undefined;
  /** Write ends of its pipes. */
  readonly pipeFds?: { readonly [P in PipeName]?: number } | undefined;
  /** Its FIFOs, see `Holdable`: all that are to be held. Absent where the shim does not tell. */
  readonly fifoFds?: { readonly [P in StreamName]?: number } | undefined;
}

/** What a shim says of a process that it took over. The descriptors are duplicates, the receiver's to close. */
export interface Taken extends HeldStdio {
  readonly pid: number;
}

/** Closes what nobody holds. */
export function closeHeld({ terminalFd, pipeFds = {}, fifoFds = {} }: HeldStdio): void {
  if (terminalFd !== undefined) closeSync(terminalFd);
  for (const fd of [...Object.values(pipeFds), ...Object.values(fifoFds)]) if (fd !== undefined) void closeAside(fd);
}

/**
 * A shim as the start and exec sequences see it: ours, one for all containers, or
 * another program that follows the original's protocol, one per process.
 */
export interface Shim {
  /** Which shim this is, for messages and for knowing its processes again. */
  readonly name: string;
  /** Whether it is ours, with its verbs beyond the original's protocol. */
  readonly isOurs: boolean;
  /**
   * Has the runtime create (or exec) the process and resolves when its pid is known.
   * An aborted `signal` undoes it as far as the shim can.
   * @throws WorkError
   */
  take(takeover: Takeover, signal: AbortSignal): Promise<Taken>;
  /** Ends a process that was taken over, whatever it does, and forgets it. Unknown ones too. */
  abort(takeover: Takeover): Promise<void>;
  /**
   * Resolves when the ends of all processes that the shim has reaped until now are on disk.
   * @throws WorkError `shim-exited` where it is dead: then they may be lost
   */
  untilRecorded(): Promise<void>;
  /**
   * Resolves when the stdin of a process has come to its end, that has been closed by its client.
   * @throws WorkError `shim-exited` where the shim is dead
   */
  untilInputEnds(takeover: Takeover): Promise<void>;
}

/** The shim programs that mean ours: what dockerd passes when nobody has set another. */
const ours = new Set(['', 'containerd-shim', 'docker-containerd-shim', 'holdfast-shim']);

/** Whether a `--shim` setting (or a container's record) names our own shim. */
export function isOurShim(setting: string): boolean {
  return ours.has(setting);
}
