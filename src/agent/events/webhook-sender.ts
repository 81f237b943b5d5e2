import { hostname } from 'node:os';
import type PQueue from 'p-queue';
import type { LookupFunction } from 'node:net';
import type { ProgramEventRecord } from '../../records/program-event-record';
import { Fields } from '../../runtime/fields';
import type { Logger } from '../../runtime/logger';
import { messageOf } from '../../sys/thrown';
import { withDeadline } from '../../sys/with-deadline';
import { within } from '../../sys/within';
import type { Webhook } from '../definitions/definition';
import { type Clocks, type Deadline, deadlineIn, msUntil } from '../machine/clocks';
import type { Cursor } from './cursor';
import { isAmong, membersOf, parseHappening } from './happening';
import type { News, Subscriber } from './news';
import { type Notes, dropNote } from './notes';
import { postWebhook } from './webhook-post';

const timeoutMs = 10_000;
const firstPauseMs = 1000;
const longestPauseMs = 300_000;

export interface WebhookParts {
  readonly news: News;
  readonly notes: Notes;
  readonly log: Logger;
  /** Of a secret's file. */
  readonly read: (path: string) => Promise<Buffer>;
  readonly lookup: LookupFunction;
  /** A bounded number of posts at once, of all. */
  readonly posts: PQueue;
  readonly now: () => Clocks;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Sends the events of one `[webhook.NAME]`, one after the other, each until it is taken. */
export class WebhookSender implements Subscriber {
  readonly #leave: () => void;
  readonly #closing = new AbortController();
  #isBusy = false;
  /** Posts that have failed in a row, and when the next is due: both outlive the daemon. */
  #failures = 0;
  #retryAt: Deadline | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly webhook: Webhook, private readonly cursor: Cursor, private readonly parts: WebhookParts) {
    this.#readNote();
    this.#leave = parts.news.join(this);
    this.more();
  }

  get events(): readonly string[] {
    return this.webhook.events;
  }

  get throughId(): number {
    return this.cursor.throughId;
  }

  more(): void {
    if (!this.#isBusy && this.#timer === undefined && !this.#closing.signal.aborted) this.#send().catch((error: unknown) => { this.#mind(error); });
  }

  /** What it has been told is written down by who has its cursor. May be called twice. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
    this.#leave();
  }

  /** It is not defined any more. */
  forget(): void {
    this.close();
    dropNote(this.parts.notes, this.#noteName, this.parts.log);
  }

  /** What it is to be told of cannot be found out, or how far it was told not be written down. */
  #mind(error: unknown): void {
    this.#isBusy = false;
    if (this.#closing.signal.aborted) return;
    this.parts.log.error({ webhook: this.webhook.name, err: error }, 'a webhook cannot be told of events; it is tried again');
    this.#wait(firstPauseMs);
  }

  async #send(): Promise<void> {
    const { news, now } = this.parts;
    const waitMs = this.#retryAt === undefined ? 0 : msUntil(this.#retryAt, now());
    if (waitMs > 0) {
      this.#wait(waitMs);
      return;
    }
    const event = news.events.next(this.cursor.throughId, ({ type }) => isAmong(type, this.events));
    if (event === undefined) return;
    this.#isBusy = true;
    const problem = await this.#post(event);
    this.#isBusy = false;
    if (this.#closing.signal.aborted) return;
    if (problem === undefined) this.#taken(event);
    else this.#failed(problem);
  }

  async #post(event: ProgramEventRecord): Promise<string | undefined> {
    const { posts, lookup } = this.parts;
    const { name, url, secretFile } = this.webhook;
    return posts.add(() => withDeadline(timeoutMs, this.#closing.signal, async (signal) => {
      try {
        const body = JSON.stringify({ id: event.id, event: event.type, webhook: name, host: hostname(), ...membersOf(parseHappening(event.text)) });
        const key = secretFile === undefined ? undefined : await this.#keyOf(secretFile);
        return await postWebhook({ url, type: event.type, eventId: event.id, body, key }, lookup, signal);
      } catch (error) {
        return messageOf(error);
      }
    }));
  }

  /** What is in the file, without the end of its line. @throws an Error that names it */
  async #keyOf(path: string): Promise<Buffer> {
    const bytes = await within(timeoutMs, this.parts.read(path), undefined);
    if (bytes === undefined) throw new Error(`${path} cannot be read: its disk does not answer`);
    return bytes.at(-1) === 10 ? bytes.subarray(0, -1) : bytes;
  }

  #taken({ id }: ProgramEventRecord): void {
    const { news, log } = this.parts;
    if (this.#failures > 0) {
      log.info({ webhook: this.webhook.name, failures: this.#failures }, 'a webhook takes events again');
      this.#failures = 0;
      this.#retryAt = undefined;
      this.#note();
    }
    this.cursor.moveTo(id);
    news.told();
    this.more();
  }

  #failed(problem: string): void {
    const { now, random, log, news } = this.parts;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 30)) * (0.8 + 0.4 * random());
    this.#failures += 1;
    this.#retryAt = deadlineIn(now(), Math.round(pauseMs));
    this.#note();
    const place = placeOf(this.webhook.url);
    if (this.#failures === 1) log.warn({ webhook: this.webhook.name, place, problem }, 'a webhook does not take an event; it is sent again, more and more seldom');
    if (news.events.hasMissedAfter(this.cursor.throughId)) log.error({ webhook: this.webhook.name, place }, 'a webhook is so far behind that events it was to be told of are not kept any more');
    this.#wait(pauseMs);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.more();
    }, ms).unref();
  }

  get #noteName(): string {
    return `webhook ${this.webhook.name}`;
  }

  #note(): void {
    try {
      this.parts.notes.setFact(this.#noteName, JSON.stringify({ failures: this.#failures, retryAt: this.#retryAt }));
    } catch (error) {
      this.parts.log.warn({ webhook: this.webhook.name, err: error }, 'when a webhook is tried again cannot be written down: another daemon would try at once');
    }
  }

  #readNote(): void {
    try {
      const text = this.parts.notes.fact(this.#noteName);
      if (text === undefined) return;
      const fields = Fields.of(JSON.parse(text) as unknown, this.#noteName, 'bad-file');
      const at = fields.optionalObject('retryAt');
      this.#failures = fields.integer('failures', 0, Number.MAX_SAFE_INTEGER);
      const number = (name: string): number => at?.integer(name, 0, Number.MAX_SAFE_INTEGER) ?? 0;
      this.#retryAt = at && { bootId: at.string('bootId'), bootMs: number('bootMs'), wallMs: number('wallMs'), spanMs: number('spanMs') };
    } catch {
      // It is tried at once.
      this.#failures = 0;
    }
  }
}

/** Without what may be secret of it. */
function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
