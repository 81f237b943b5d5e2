import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Poller } from '../../sys/poller';
import { DatagramSocket } from '../../sys/sockets/datagram-socket';

/** What sd_notify(3) tells that matters here. */
export type Notice = 'ready' | 'alive';

interface Entry {
  readonly socket: DatagramSocket;
  readonly uid: number;
  /** It has said so since its start. */
  isReady: boolean;
  listener: ((notice: Notice) => void) | undefined;
}

/**
 * The sockets by which programs report, one each, that nobody but the program's user can write to. Each has its path for ever: what runs
 * goes on reporting to the next daemon. While there is none, what is sent is refused.
 */
export class NotifySockets {
  readonly #entries = new Map<string, Entry>();

  /** @param directory is made with the first socket */
  constructor(private readonly poller: Poller, private readonly directory: string) {}

  /** For NOTIFY_SOCKET: in a directory of its own, which a container is given. Short, whatever the program's name: a socket's path has 107 bytes. */
  pathOf(name: string): string {
    return join(this.directory, createHash('sha256').update(name).digest('hex').slice(0, 16), 'socket');
  }

  /** Takes what a program reports. @param isNew it is about to start: what was said before is another run's @throws the system's error */
  open(name: string, uid: number, isNew: boolean): void {
    const before = this.#entries.get(name);
    if (before?.uid === uid) {
      if (isNew) before.isReady = false;
      return;
    }
    before?.socket.close();
    const path = this.pathOf(name);
    makeDirectory(dirname(path));
    const socket = new DatagramSocket(this.poller, path, uid, (text) => { this.#take(name, text); });
    this.#entries.set(name, { socket, uid, isReady: false, listener: undefined });
  }

  /** Hears what it says; that it is ready also where it has said so already. @returns the way out */
  listen(name: string, listener: (notice: Notice) => void): () => void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return () => undefined;
    entry.listener = listener;
    if (entry.isReady) listener('ready');
    return () => { if (entry.listener === listener) entry.listener = undefined; };
  }

  /** It is forgotten. */
  close(name: string): void {
    this.#entries.get(name)?.socket.close();
    this.#entries.delete(name);
    rmSync(dirname(this.pathOf(name)), { recursive: true, force: true });
  }

  /** The daemon ends. May be called twice. */
  closeAll(): void {
    for (const name of this.#entries.keys()) this.close(name);
    // With what a daemon of before has left of programs that are not defined any more.
    rmSync(this.directory, { recursive: true, force: true });
  }

  #take(name: string, text: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    const lines = text.split('\n');
    if (lines.includes('READY=1')) {
      entry.isReady = true;
      entry.listener?.('ready');
    }
    if (lines.includes('WATCHDOG=1')) entry.listener?.('alive');
  }
}

/** A daemon of before had the socket itself there. */
function makeDirectory(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false) rmSync(path);
  mkdirSync(path, { recursive: true, mode: 0o711 });
}
