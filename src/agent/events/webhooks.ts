import PQueue from 'p-queue';
import type { NamedTexts } from '../../records/named-texts';
import type { Webhook } from '../definitions/definition';
import { Cursor } from './cursor';
import { type WebhookParts, WebhookSender } from './webhook-sender';

/** More wait for their turn. */
const postsAtOnce = 8;

/** The webhooks that are in use. */
export class Webhooks {
  readonly #senders = new Map<string, { readonly sender: WebhookSender; readonly cursor: Cursor }>();
  readonly #parts: WebhookParts;

  constructor(given: Omit<WebhookParts, 'posts'>, private readonly cursors: NamedTexts) {
    this.#parts = { ...given, posts: new PQueue({ concurrency: postsAtOnce }) };
  }

  /** Only these are in use from now on. One that is new is told of what comes from now on; one that is defined otherwise goes on where it was. */
  use(webhooks: ReadonlyMap<string, Webhook>): void {
    const { news, notes, log } = this.#parts;
    for (const [name, { sender, cursor }] of this.#senders) {
      const now = webhooks.get(name);
      if (now !== undefined && isSame(now, sender.webhook)) continue;
      if (now === undefined) {
        this.#senders.delete(name);
        this.#forget(name, sender, cursor);
      } else {
        sender.close();
        this.#senders.set(name, { sender: new WebhookSender(now, cursor, this.#parts), cursor });
      }
    }
    for (const [name, webhook] of webhooks) {
      if (this.#senders.has(name)) continue;
      const cursor = new Cursor(this.cursors, notes, log, cursorName(name), news.events.lastId);
      this.#senders.set(name, { sender: new WebhookSender(webhook, cursor, this.#parts), cursor });
    }
  }

  /** May be called twice. */
  close(): void {
    for (const { sender, cursor } of this.#senders.values()) {
      sender.close();
      cursor.close();
    }
    this.#senders.clear();
  }

  #forget(name: string, sender: WebhookSender, cursor: Cursor): void {
    sender.forget();
    cursor.close();
    void Cursor.forget(this.cursors, this.#parts.notes, this.#parts.log, cursorName(name));
  }
}

function isSame(one: Webhook, other: Webhook): boolean {
  return one.url === other.url && one.secretFile === other.secretFile && one.events.join() === other.events.join();
}

function cursorName(name: string): string {
  return `webhook ${name}`;
}
