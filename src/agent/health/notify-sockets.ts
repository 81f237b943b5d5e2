import { createHash } from 'node:crypto';
import { closeSync, lstatSync, mkdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Fields } from '../../runtime/fields';
import { type Said, nothingSaid, saidByBoth, saidWith } from '../../runtime/notice';
import type { Poller } from '../../sys/poller';
import { DatagramSocket } from '../../sys/sockets/datagram-socket';
import type { DescriptorHolder, DescriptorSet } from '../launch/descriptor-holder';

/** What sd_notify(3) tells that matters here. */
export type Notice = 'ready' | 'alive';

interface Entry {
  readonly socket: DatagramSocket;
  readonly uid: number;
  said: Said;
  listener: ((notice: Notice) => void) | undefined;
}

export interface NotifyOptions {
  readonly poller: Poller;
  /** Of all of them, in memory; made with the first one. */
  readonly directory: string;
  readonly holder: DescriptorHolder;
  /** Since the host's boot. */
  readonly nowMs: () => number;
}

const prefix = 'notify ';
/** What a program has said since its start, beside its socket, and so in memory: also the next daemon is to know. */
const saidFile = 'said';

/**
 * The sockets by which programs report, one each, that nobody but the program's user can write to. The shim holds them, too, and hears what comes while no daemon
 * is there: what runs goes on reporting, and nothing that it says is lost.
 */
export class NotifySockets {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly options: NotifyOptions) {}

  /** For NOTIFY_SOCKET: in a directory of its own, which a container is given. Short, whatever the program's name: a socket's path has 107 bytes. */
  pathOf(name: string): string {
    return join(this.options.directory, createHash('sha256').update(name).digest('hex').slice(0, 16), 'socket');
  }

  /** Goes on with what the shim has held, and with what it has heard. @param sets of a daemon of before; those that are none of these stay the caller's */
  async takeUp(sets: readonly DescriptorSet[]): Promise<void> {
    for (const { name: heldName, note, fds: [fd, ...rest], said = nothingSaid } of sets.filter(({ name }) => name.startsWith(prefix))) {
      for (const each of rest) closeSync(each);
      if (fd === undefined) continue;
      const name = heldName.slice(prefix.length);
      const known = saidByBoth(said, this.#writtenOf(name));
      this.#add(name, Number(note), fd, known);
      // First here, and then no more there: a daemon that dies in between leaves both.
      this.#writeDown(name, known);
      await this.#hold(name);
    }
  }

  /** Takes what a program reports. @param isNew it is about to start: what was said before is another run's @throws the system's error */
  async open(name: string, uid: number, isNew: boolean): Promise<void> {
    const before = this.#entries.get(name);
    if (before?.uid === uid) {
      if (isNew) this.#forgetSaid(name, before);
    } else {
      before?.socket.close();
      const path = this.pathOf(name);
      makeDirectory(dirname(path));
      const socket = DatagramSocket.at(this.options.poller, path, uid, (text) => { this.#take(name, text); });
      this.#entries.set(name, { socket, uid, said: isNew ? nothingSaid : this.#writtenOf(name), listener: undefined });
    }
    if (before?.uid !== uid || !(await this.options.holder.isHeld(prefix + name))) await this.#hold(name);
  }

  /** Hears what it says; that it is ready also where it has said so already. @returns the way out */
  listen(name: string, listener: (notice: Notice) => void): () => void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return () => undefined;
    entry.listener = listener;
    if (entry.said.isReady) listener('ready');
    return () => { if (entry.listener === listener) entry.listener = undefined; };
  }

  /** When it last said that it is alive, by the boot clock; undefined: not since its start. */
  aliveMs(name: string): number | undefined {
    return this.#entries.get(name)?.said.aliveMs;
  }

  /** Another shim is there. */
  async holdAnew(): Promise<void> {
    for (const name of this.#entries.keys()) if (!(await this.options.holder.isHeld(prefix + name))) await this.#hold(name);
  }

  /** It is forgotten. One that has none is fine. */
  close(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.socket.close();
    this.#entries.delete(name);
    void this.options.holder.release(prefix + name);
    rmSync(dirname(this.pathOf(name)), { recursive: true, force: true });
    removeIfEmpty(this.options.directory);
  }

  /** Those of programs that are not defined any more. */
  closeOthers(defined: ReadonlySet<string>): void {
    for (const name of this.#entries.keys()) if (!defined.has(name)) this.close(name);
  }

  /** The daemon ends; the shim hears on. May be called twice. */
  closeAll(): void {
    for (const { socket } of this.#entries.values()) socket.close();
    this.#entries.clear();
  }

  #add(name: string, uid: number, fd: number, said: Said): void {
    const socket = new DatagramSocket(this.options.poller, fd, (text) => { this.#take(name, text); });
    this.#entries.set(name, { socket, uid, said, listener: undefined });
  }

  #hold(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    return entry === undefined ? Promise.resolve() : this.options.holder.hold({ name: prefix + name, note: String(entry.uid), fds: [entry.socket.fd], said: nothingSaid });
  }

  #forgetSaid(name: string, entry: Entry): void {
    entry.socket.takeWaiting();
    entry.said = nothingSaid;
    rmSync(this.#saidPath(name), { force: true });
  }

  #take(name: string, text: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    const now = this.options.nowMs();
    const told = saidWith(nothingSaid, text, now);
    if (!told.isReady && told.aliveMs === undefined) return;
    entry.said = saidByBoth(entry.said, told);
    this.#writeDown(name, entry.said);
    if (told.isReady) entry.listener?.('ready');
    if (told.aliveMs !== undefined) entry.listener?.('alive');
  }

  #writeDown(name: string, said: Said): void {
    writeFileSync(this.#saidPath(name), JSON.stringify(said), { mode: 0o600 });
  }

  #saidPath(name: string): string {
    return join(dirname(this.pathOf(name)), saidFile);
  }

  /** What a daemon of before has written down. */
  #writtenOf(name: string): Said {
    try {
      const fields = Fields.of(JSON.parse(readFileSync(this.#saidPath(name), 'utf8')), saidFile, 'bad-file');
      return { isReady: fields.boolean('isReady'), aliveMs: fields.optionalInteger('aliveMs', 0, Number.MAX_SAFE_INTEGER) };
    } catch {
      return nothingSaid;
    }
  }
}

/** A daemon of before had the socket itself there. */
function makeDirectory(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false) rmSync(path);
  mkdirSync(path, { recursive: true, mode: 0o711 });
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Others are there.
  }
}
