import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { within } from '../sys/within';
import { RecordsError } from './errors';
import type { ChangeArgs, ChangeName, ChangeResult } from './thread/changes';
import type { ChangeOutcome, ChangeRequest, FromThread, ToThread } from './thread/messages';

/** A change whose disk has not answered for so long is refused; so are all others, until it answers. */
const answerLimitMs = 15_000;
/** SQLite itself waits five seconds for another process. */
const openLimitMs = 8_000;
/** Who reads what others have just changed waits so long for a disk that is slow, and not at all for one that has been longer. */
const settleLimitMs = 1_000;
const closeLimitMs = 2_000;

/** What the thread has said of the database that it was to open. */
export type Opened = Extract<FromThread, { is: 'open' | 'unusable' }>;

/** What is told of the database that no request is about. */
export interface WriterNotices {
  movedAside(aside: string, cause: string): void;
  /** A new database knows nothing of the files of images that were there. */
  filesAside(aside: string): void;
  /** A record that cannot be read is left out. */
  invalid(cause: string): void;
  /** The disk has not answered for this long; undefined: it has answered again. */
  hanging(forMs: number | undefined): void;
}

interface Pending extends ChangeRequest {
  /** Called once it is on the disk, also where nobody waits for it any more. */
  readonly apply: (result: unknown) => void;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: RecordsError) => void;
}

/**
 * The daemon's side of the thread that has the database. Changes are made in the order in which they are asked for; while some are on their way to
 * the disk, others gather, and go there together. A disk that hangs costs those who wait for it, and nobody else.
 */
export class Writer {
  readonly path: string;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #opened: Promise<Opened>;
  /** Why nothing can be written. */
  #refusal: string | undefined = 'not open yet';
  #waiting: Pending[] = [];
  /** In the thread. */
  #sent: readonly Pending[] = [];
  #sentAtMs = 0;
  #isHanging = false;
  #limit: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param thread a new one, which begins now @param root directory of the database */
  constructor(thread: Worker, root: string, private readonly notices: WriterNotices) {
    this.path = join(root, 'holdfast.db');
    this.#worker = thread;
    this.#worker.ref();
    this.#ended = new Promise((resolve) => { this.#worker.once('exit', () => { resolve(); }); });
    // A mistake of ours, as in any other part of the daemon.
    this.#worker.on('error', (error) => { throw error; });
    this.#opened = new Promise((resolve) => {
      this.#worker.on('message', (message: FromThread) => {
        if (message.is === 'open' || message.is === 'unusable') resolve(message);
        else this.#take(message);
      });
    });
    this.#post({ root });
  }

  /** Settles once the database is open, or is known not to be: then, and where the disk does not answer, all changes are refused. */
  async open(): Promise<Opened> {
    const reason = `${this.path}: the disk has not answered for ${String(openLimitMs / 1000)} s`;
    const opened = await within(openLimitMs, this.#opened, { is: 'unusable', reason, contents: undefined } as const);
    this.#refusal = opened.is === 'open' ? undefined : opened.reason;
    return opened;
  }

  /**
   * Settles once the change is on the disk. @param apply makes it in what is read of the records, before anybody hears of it
   * @throws RecordsError
   */
  change<Name extends ChangeName>(change: Name, args: ChangeArgs<Name>, apply: (result: ChangeResult<Name>) => void): Promise<ChangeResult<Name>> {
    const refusal = this.#isHanging ? this.#noAnswer('nothing was changed') : this.#refusal === undefined ? undefined : new RecordsError('unusable', this.#refusal);
    if (refusal !== undefined) return Promise.reject(refusal);
    const done = new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ change, args, apply: apply as (result: unknown) => void, resolve, reject });
    });
    this.#last = done.catch(() => undefined);
    this.#send();
    return done as Promise<ChangeResult<Name>>;
  }

  /** Settles once all that has been asked for is on the disk or refused, and without it where the disk is slow. */
  async settled(): Promise<void> {
    if (this.#sent.length === 0) return;
    const leftMs = settleLimitMs - (performance.now() - this.#sentAtMs);
    if (leftMs > 0) await within(leftMs, this.#last, undefined);
  }

  /** Writes what is under way, and ends the thread. @returns whether it has ended: one that hangs in the kernel does not. May be called twice. */
  async close(): Promise<boolean> {
    this.#refusal ??= `${this.path}: the daemon ends`;
    await within(closeLimitMs, this.#last, undefined);
    this.#post('close');
    const hasEnded = await within(closeLimitMs, this.#ended.then(() => true), false);
    clearTimeout(this.#limit);
    return hasEnded;
  }

  #take(message: Exclude<FromThread, Opened>): void {
    switch (message.is) {
      case 'moved-aside':
        this.notices.movedAside(message.aside, message.cause);
        break;
      case 'files-aside':
        this.notices.filesAside(message.aside);
        break;
      case 'invalid':
        this.notices.invalid(message.cause);
        break;
      case 'outcomes':
        this.#settle(message.outcomes);
    }
  }

  #send(): void {
    if (this.#sent.length > 0 || this.#waiting.length === 0) return;
    this.#sent = this.#waiting;
    this.#waiting = [];
    this.#sentAtMs = performance.now();
    // The timer is let run on to the next request: one for each would cost more than the request's own way.
    this.#limit ??= setTimeout(() => { this.#look(); }, answerLimitMs).unref();
    this.#post(this.#sent.map(({ change, args }) => ({ change, args })));
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #settle(outcomes: readonly ChangeOutcome[]): void {
    const sent = this.#sent;
    this.#sent = [];
    if (this.#isHanging) this.notices.hanging(undefined);
    this.#isHanging = false;
    for (const [index, outcome] of outcomes.entries()) {
      const { apply, resolve, reject } = sent[index] ?? nobody;
      if (outcome.is === 'done') {
        apply(outcome.result);
        resolve(outcome.result);
      } else {
        reject(new RecordsError(outcome.code, outcome.message));
      }
    }
    this.#send();
  }

  /** The limit is over since the timer was set; perhaps for an earlier request, which has its answer. */
  #look(): void {
    this.#limit = undefined;
    if (this.#sent.length === 0) return;
    const leftMs = answerLimitMs - (performance.now() - this.#sentAtMs);
    if (leftMs > 0) {
      this.#limit = setTimeout(() => { this.#look(); }, leftMs).unref();
      return;
    }
    this.#isHanging = true;
    this.notices.hanging(performance.now() - this.#sentAtMs);
    for (const { reject } of this.#sent) reject(this.#noAnswer('whether the change is made is not known'));
    for (const { reject } of this.#waiting) reject(this.#noAnswer('nothing was changed'));
    this.#waiting = [];
  }

  #noAnswer(consequence: string): RecordsError {
    const seconds = Math.round((performance.now() - this.#sentAtMs) / 1000);
    return new RecordsError('no-answer', `${this.path}: the disk has not answered for ${String(seconds)} s, ${consequence}`);
  }
}

const nobody: Pick<Pending, 'apply' | 'resolve' | 'reject'> = { apply: () => undefined, resolve: () => undefined, reject: () => undefined };
