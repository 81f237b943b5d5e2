import { closeSync } from 'node:fs';
import { type ListenPlace, isSocketOf } from '../../sys/sockets/listening-socket';
import { ownerOfPlace } from '../../sys/sockets/socket-owner';
import { duplicateFdOf, openPidFd } from '../../sys/process/process';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import { Turns } from '../../sys/turns';
import type { DescriptorHolder, DescriptorSet } from './descriptor-holder';
import { LaunchError } from './errors';

/** A socket that a program is to have: its name, its address as the definition has it, and where that is. */
export interface PlannedSocket {
  readonly name: string;
  readonly address: string;
  readonly place: ListenPlace;
}

const prefix = 'listen ';
/** SD_LISTEN_FDS_START of sd_listen_fds(3). */
const firstFd = 3;

/** The name by which the shim knows the sockets of a program. */
export function socketsName(program: string): string {
  return `${prefix}${program}`;
}

interface Entry {
  /** Of each place, as JSON. */
  readonly sockets: ReadonlyMap<string, number>;
}

/**
 * The sockets that programs listen on, made before the first start, and there until the program is to be down: whoever connects meanwhile waits. They are held by
 * the shim, so that this daemon may die, and here, so that the shim may; what both have lost while it ran, the program itself still has.
 */
export class ListenSockets {
  readonly #entries = new Map<string, Entry>();
  readonly #turns = new Turns();

  /** @param openPlace makes a socket, where a file system that hangs harms nobody @throws what the system says */
  constructor(private readonly holder: DescriptorHolder, private readonly openPlace: (place: ListenPlace) => Promise<number>) {}

  /** Takes hold of what a daemon of before has left. @param sets those that are none of these stay the caller's */
  takeUp(sets: readonly DescriptorSet[]): void {
    for (const { name, note, fds } of sets.filter((set) => set.name.startsWith(prefix))) {
      const places = notedPlaces(note);
      if (places.length === fds.length) this.#entries.set(name.slice(prefix.length), { sockets: new Map(places.map((place, at) => [place, fds[at] ?? -1])) });
      else for (const fd of fds) closeSync(fd);
    }
  }

  /** Has them there, and held by the shim; those that are there already stay what they are. @throws LaunchError `listen` that names the socket, and who has its address */
  async open(program: string, planned: readonly PlannedSocket[]): Promise<void> {
    await this.#turns.run(program, async () => {
      const before = this.#entries.get(program)?.sockets ?? new Map<string, number>();
      const made: number[] = [];
      const sockets = new Map<string, number>();
      try {
        for (const socket of planned) {
          const key = JSON.stringify(socket.place);
          const there = before.get(key);
          const fd = there ?? await this.#make(program, socket);
          if (there === undefined) made.push(fd);
          sockets.set(key, fd);
        }
        const isSame = made.length === 0 && sockets.size === before.size;
        if (!isSame || !(await this.holder.isHeld(socketsName(program)))) await this.#hold(program, sockets);
      } catch (error) {
        for (const fd of made) closeSync(fd);
        throw error;
      }
      for (const [key, fd] of before) if (!sockets.has(key)) closeSync(fd);
      this.#entries.set(program, { sockets });
    });
  }

  /** One that runs and whose sockets nobody holds has them itself, as long as it has not put something else in their places. */
  async takeFromProgram(program: string, pid: number, planned: readonly PlannedSocket[]): Promise<void> {
    if (this.#entries.has(program)) return;
    const fds = duplicatesOf(pid, planned);
    if (fds === undefined) return;
    const sockets = new Map(planned.map(({ place }, at) => [JSON.stringify(place), fds[at] ?? -1]));
    this.#entries.set(program, { sockets });
    await this.#hold(program, sockets);
  }

  /** Another shim is there: it holds them from now on, too. */
  async holdAnew(): Promise<void> {
    for (const [program, { sockets }] of this.#entries) if (!(await this.holder.isHeld(socketsName(program)))) await this.#hold(program, sockets);
  }

  /** Nobody is to connect any more. One that has none is fine. */
  async close(program: string): Promise<void> {
    if (!this.#entries.has(program)) return;
    await this.#turns.run(program, async () => {
      const entry = this.#entries.get(program);
      this.#entries.delete(program);
      for (const fd of entry?.sockets.values() ?? []) closeSync(fd);
      await this.holder.release(socketsName(program));
    });
  }

  /** Those of programs that are not defined any more. */
  async closeOthers(defined: ReadonlySet<string>): Promise<void> {
    await Promise.all([...this.#entries.keys()].filter((program) => !defined.has(program)).map((program) => this.close(program)));
  }

  /** All programs end. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((program) => this.close(program)));
  }

  async #make(program: string, { name, address, place }: PlannedSocket): Promise<number> {
    try {
      return await this.openPlace(place);
    } catch (cause) {
      const owner = errorCodeOf(cause) === 'EADDRINUSE' ? await ownerOfPlace(place) : undefined;
      throw new LaunchError('listen', program, `listen: ${name}: ${address}: ${owner === undefined ? messageOf(cause) : `it is in use by ${owner}`}`, { cause });
    }
  }

  #hold(program: string, sockets: ReadonlyMap<string, number>): Promise<void> {
    return this.holder.hold({ name: socketsName(program), note: JSON.stringify([...sockets.keys()]), fds: [...sockets.values()] });
  }
}

/** Undefined where one of them is not that socket. */
function duplicatesOf(pid: number, planned: readonly PlannedSocket[]): readonly number[] | undefined {
  const fds: number[] = [];
  try {
    const pidFd = openPidFd(pid);
    try {
      for (const at of planned.keys()) fds.push(duplicateFdOf(pidFd, firstFd + at));
    } finally {
      closeSync(pidFd);
    }
    if (planned.every(({ place }, at) => isSocketOf(fds[at] ?? -1, place))) return fds;
  } catch {
    // It has closed them, or has ended.
  }
  for (const fd of fds) closeSync(fd);
  return undefined;
}

function notedPlaces(note: string): readonly string[] {
  const places: unknown = JSON.parse(note);
  return Array.isArray(places) ? places.map(String) : [];
}
