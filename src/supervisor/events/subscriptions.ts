import type { StoredEvent } from './event';
import type { EventLog } from './event-log';

/** As many events are read from the log in one go. */
const batch = 256;
/** So long are events held for a subscriber that has gone. One whose stream broke is back within seconds. */
const holdMs = 3_600_000;
/** More are as if they were none: nothing is held for them. */
const most = 64;

/** A subscription while somebody is there, or is waited for. */
interface Subscription {
  readonly namespace: string;
  /** Everything up to here has been sent: held events alone move it. */
  cursorNs: bigint;
  /** The process that read last, where that is known. */
  client: string | undefined;
  /** Whether all of this is in the log. */
  isStored: boolean;
  readers: number;
  /** Somebody has come: what was held may go once it is sent. */
  isReplayed: boolean;
  /** Counts the time that nobody is there. */
  timer: NodeJS.Timeout | undefined;
}

/** One connection's part in a subscription. */
export interface SubscriptionReader {
  /** What was held while nobody was there, oldest first; to be read before anything else is sent. */
  held(): Iterable<StoredEvent>;
  /** An event has gone out, and all before it. */
  sent(event: StoredEvent): void;
  /** May be called twice. */
  close(): void;
}

/**
 * Subscriptions that outlive their connections and the daemon. dockerd acts on the exit event of a container and never asks for what it
 * missed: so exits that were told while its stream was broken, and the OOMs and deletions among them, are sent once it is there
 * again. One that is another process than the last is not sent them: dockerd asks for the state of its tasks when it starts, and an exit that comes
 * meanwhile has it delete the task twice and take its status for 0 (a container with `--restart always` stayed `exited 0`: 20.10.24). The log has a cursor for each subscription, which moves when an event has gone out, not before: an event may be sent
 * twice where the daemon dies in between, but none is lost. Which ones stay in the log for it, `Retention` knows.
 */
export class Subscriptions {
  readonly #subscriptions = new Map<string, Subscription>();
  #storing: NodeJS.Immediate | undefined;

  constructor(private readonly log: EventLog) {
    for (const { name, namespace, cursorNs, client } of log.subscriptions()) {
      this.#subscriptions.set(name, { namespace, cursorNs, client, isStored: true, readers: 0, isReplayed: false, timer: this.#dropLater(name) });
    }
  }

  /**
   * Somebody is there. From the first time on, what is told of the namespace's tasks is held for this subscription.
   * @param name says who it is: another name is another subscription, with a place of its own
   * @param client its process: another one than the last begins with what is told from now on. Undefined: unknown, and taken for the same
   * @returns undefined where there are too many already
   */
  enter(name: string, namespace: string, client?: string): SubscriptionReader | undefined {
    const subscription = this.#subscriptions.get(name) ?? this.#make(name, namespace);
    if (subscription === undefined) return undefined;
    if (client !== undefined && client !== subscription.client) {
      if (subscription.client !== undefined) subscription.cursorNs = this.log.lastNs;
      subscription.client = client;
      subscription.isStored = false;
      this.#storing ??= setImmediate(() => { this.#store(); });
    }
    clearTimeout(subscription.timer);
    subscription.timer = undefined;
    subscription.readers += 1;
    subscription.isReplayed = true;
    let isOpen = true;
    return {
      held: () => this.#held(subscription),
      sent: ({ timestampNs }) => {
        if (timestampNs <= subscription.cursorNs) return;
        subscription.cursorNs = timestampNs;
        subscription.isStored = false;
        this.#storing ??= setImmediate(() => { this.#store(); });
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        subscription.readers -= 1;
        if (subscription.readers === 0) subscription.timer = this.#dropLater(name);
      },
    };
  }

  /** May be called twice. */
  close(): void {
    if (this.#storing !== undefined) this.#store();
    for (const { timer } of this.#subscriptions.values()) clearTimeout(timer);
    this.#subscriptions.clear();
  }

  #make(name: string, namespace: string): Subscription | undefined {
    if (this.#subscriptions.size >= most) return undefined;
    const cursorNs = this.log.lastNs;
    const subscription = { namespace, cursorNs, client: undefined, isStored: false, readers: 0, isReplayed: false, timer: undefined };
    this.#subscriptions.set(name, subscription);
    this.#store();
    return subscription;
  }

  *#held({ namespace, cursorNs }: Subscription): Iterable<StoredEvent> {
    let fromNs = cursorNs;
    for (let events = this.log.heldSince(fromNs, namespace, batch); events.length > 0; events = this.log.heldSince(fromNs, namespace, batch)) {
      yield* events;
      fromNs = events.at(-1)?.timestampNs ?? fromNs;
    }
  }

  /** Writes the places that have moved. Where the disk refuses that, something is sent twice at worst: the next one tries again. */
  #store(): void {
    clearImmediate(this.#storing);
    this.#storing = undefined;
    const moved = [...this.#subscriptions].filter(([, { isStored }]) => !isStored);
    try {
      for (const [name, subscription] of moved) {
        const { namespace, cursorNs, client } = subscription;
        this.log.setSubscription({ name, namespace, cursorNs, client });
        subscription.isStored = true;
        if (subscription.isReplayed) this.log.release(namespace);
        subscription.isReplayed = false;
      }
    } catch {
      return;
    }
  }

  #dropLater(name: string): NodeJS.Timeout {
    return setTimeout(() => { this.#drop(name); }, holdMs).unref();
  }

  #drop(name: string): void {
    const namespace = this.#subscriptions.get(name)?.namespace;
    this.#subscriptions.delete(name);
    try {
      this.log.dropSubscription(name);
      if (namespace !== undefined) this.log.release(namespace);
    } catch {
      // It is waited for again after a restart.
    }
  }
}
