import type { Event } from '../api/gen/api';
import { INIT, type DaemonClient } from './daemon-client';
import { isCtlError } from './errors';
import type { EventStream } from './event-stream';
import { eventMoment } from './text/event-line';
import { momentOf, type Moment } from './text/timestamp';

interface Waiter {
  readonly key: string;
  readonly afterStart: boolean;
  resolve(status: number): void;
  reject(error: unknown): void;
}

function keyOf(id: string, pid: string): string {
  // Neither can hold a slash: both are names of directories.
  return `${id}/${pid}`;
}

/**
 * The exits of processes from the moment of open() on. It outlives the daemon: when that is
 * restarted, the feed waits for it and has the events replayed that it missed.
 */
export class ExitFeed {
  readonly #daemon: DaemonClient;
  readonly #id: string;
  readonly #started = new Set<string>();
  readonly #exits = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();
  #last: Moment;
  #stream: EventStream | undefined;
  #failure: { readonly error: unknown } | undefined;
  #closed = false;

  private constructor(daemon: DaemonClient, id: string) {
    this.#daemon = daemon;
    this.#id = id;
    this.#last = momentOf(Date.now());
  }

  /** Subscribes, to one container's events or (`id` empty) to all. Open it before starting or signalling. */
  static async open(daemon: DaemonClient, id = ''): Promise<ExitFeed> {
    const feed = new ExitFeed(daemon, id);
    const stream = await daemon.events({ id });
    feed.#stream = stream;
    void feed.#follow(stream);
    return feed;
  }

  /**
   * The exit status of a process. With `afterStart`, the exit of the one whose start the feed saw:
   * an id may be used again the moment its last container ended, and that one's exit may still be
   * in the stream. Rejects with what ended the subscription; never settles after close().
   */
  exitOf(id: string, pid: string, options: { readonly afterStart: boolean }): Promise<number> {
    const exit = new Promise<number>((resolve, reject) => {
      this.#waiters.add({ key: keyOf(id, pid), afterStart: options.afterStart, resolve, reject });
    });
    // It may fail while its caller still waits for something else, which may fail first.
    exit.catch(() => undefined);
    this.#settle();
    return exit;
  }

  /** May be called twice. */
  close(): void {
    this.#closed = true;
    this.#waiters.clear();
    this.#stream?.close();
  }

  async #follow(first: EventStream): Promise<void> {
    let stream = first;
    try {
      for (;;) {
        await this.#read(stream);
        if (this.#closed) return;
        stream = await this.#daemon.events({ id: this.#id, timestamp: this.#last }, { waitForDaemon: true });
        this.#stream = stream;
        if (this.#closed) stream.close();
      }
    } catch (error) {
      this.#failure = { error };
      this.#settle();
    }
  }

  async #read(stream: EventStream): Promise<void> {
    try {
      for await (const event of stream) this.#take(event);
    } catch (error) {
      if (!isCtlError(error, 'unreachable')) throw error;
    }
  }

  #take(event: Event): void {
    this.#last = eventMoment(event);
    if (event.type === 'start-container' || event.type === 'start-process') {
      const key = keyOf(event.id, event.type === 'start-container' ? INIT : event.pid);
      this.#started.add(key);
      this.#exits.delete(key);
    }
    if (event.type === 'exit') {
      this.#exits.set(keyOf(event.id, event.pid), event.status);
      this.#settle();
    }
  }

  #settle(): void {
    for (const waiter of this.#waiters) {
      const status = this.#exits.get(waiter.key);
      if (status !== undefined && (!waiter.afterStart || this.#started.has(waiter.key))) {
        this.#waiters.delete(waiter);
        waiter.resolve(status);
      } else if (this.#failure !== undefined) {
        this.#waiters.delete(waiter);
        waiter.reject(this.#failure.error);
      }
    }
  }
}
