import type { Event, FollowRequest } from '../../api/gen/holdfast/v1/events';
import type { DaemonClient } from './daemon-client';
import { isCtlError } from '../errors';
import type { MessageStream } from './message-stream';
import { INIT } from '../names';

interface Waiter {
  readonly key: string;
  readonly afterStart: boolean;
  resolve(status: number): void;
  reject(error: unknown): void;
}

function keyOf(name: string, process: string): string {
  // No process's name holds a slash.
  return `${name}/${process}`;
}

/**
 * The exits of processes from the moment of open() on. It outlives the daemon: when that is
 * restarted, the feed waits for it and has the events replayed that it missed.
 */
export class ExitFeed {
  readonly #daemon: DaemonClient;
  readonly #name: string;
  readonly #started = new Set<string>();
  readonly #exits = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();
  #outOfMemory = false;
  /** The last event that was seen; undefined before the first. */
  #last: bigint | undefined;
  readonly #openedAt = { seconds: BigInt(Math.floor(Date.now() / 1000)), nanos: (Date.now() % 1000) * 1_000_000 };
  #stream: MessageStream<Event> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #closed = false;

  private constructor(daemon: DaemonClient, name: string) {
    this.#daemon = daemon;
    this.#name = name;
  }

  /** Subscribes to one container's events. Open it before starting or signalling. */
  static async open(daemon: DaemonClient, name: string): Promise<ExitFeed> {
    const feed = new ExitFeed(daemon, name);
    const stream = await daemon.events({ name });
    feed.#stream = stream;
    void feed.#follow(stream);
    return feed;
  }

  /**
   * The exit status of a process. With `afterStart`, the exit of the one whose start the feed saw:
   * an id may be used again the moment its last container ended, and that one's exit may still be
   * in the stream. Rejects with what ended the subscription; never settles after close().
   */
  exitOf(name: string, process: string, options: { readonly afterStart: boolean }): Promise<number> {
    const exit = new Promise<number>((resolve, reject) => {
      this.#waiters.add({ key: keyOf(name, process), afterStart: options.afterStart, resolve, reject });
    });
    // It may fail while its caller still waits for something else, which may fail first.
    exit.catch(() => undefined);
    this.#settle();
    return exit;
  }

  /** Whether the kernel has killed processes of the container for want of memory since its last start, as far as events have been read. */
  get isOutOfMemory(): boolean {
    return this.#outOfMemory;
  }

  /** May be called twice. */
  close(): void {
    this.#closed = true;
    this.#waiters.clear();
    this.#stream?.close();
  }

  async #follow(first: MessageStream<Event>): Promise<void> {
    let stream = first;
    try {
      for (;;) {
        await this.#read(stream);
        if (this.#closed) return;
        stream = await this.#daemon.events({ name: this.#name, ...this.#from() }, { waitForDaemon: true });
        this.#stream = stream;
        if (this.#closed) stream.close();
      }
    } catch (error) {
      this.#failure = { error };
      this.#settle();
    }
  }

  /** Where to go on: after what was seen, or from the beginning of this feed. */
  #from(): Pick<FollowRequest, 'after_id'> | Pick<FollowRequest, 'since'> {
    return this.#last === undefined ? { since: this.#openedAt } : { after_id: this.#last };
  }

  async #read(stream: MessageStream<Event>): Promise<void> {
    try {
      for await (const event of stream) this.#take(event);
    } catch (error) {
      if (!isCtlError(error, 'unreachable')) throw error;
    }
  }

  #take(event: Event): void {
    this.#last = event.id;
    if (event.type === 'start-container' || event.type === 'start-process') {
      const key = keyOf(this.#name, event.type === 'start-container' ? INIT : event.process);
      this.#started.add(key);
      this.#exits.delete(key);
    }
    if (event.type === 'start-container') this.#outOfMemory = false;
    // It comes before the exit of who was killed.
    if (event.type === 'oom') this.#outOfMemory = true;
    if (event.type === 'exit') {
      this.#exits.set(keyOf(this.#name, event.process), event.exit_status);
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
