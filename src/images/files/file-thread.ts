import type { Worker } from 'node:worker_threads';
import { letGoOfStartCode } from '../../sys/start-code';
import { within } from '../../sys/within';
import { ImagesError } from '../errors';
import type { FileOutcome, ToFileThread } from './thread/messages';
import type { OperationArgs, OperationName, OperationResult } from './thread/operations';

/** Who waits for a disk for so long is told that it does not answer. What it was asked for may still be done. */
const answerLimitMs = 60_000;
const closeLimitMs = 2_000;

/** For what takes its time with many files: whoever asks for it may wait. */
type Patience = 'limited' | 'unlimited';

interface Pending {
  resolve(result: unknown): void;
  reject(error: ImagesError): void;
}

/** A thread for files, from the daemon's side: started when it is first needed, since most daemons have no images. */
export class FileThread {
  #worker: Worker | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #lastId = 0;
  readonly #pending = new Map<number, Pending>();

  /** @param start starts a new thread */
  constructor(private readonly start: () => Worker) {}

  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /** @throws ImagesError `failed` with what the system says, `no-answer` */
  async call<Name extends OperationName>(operation: Name, args: OperationArgs<Name>, transfer: readonly ArrayBuffer[] = [], patience: Patience = 'limited'): Promise<OperationResult<Name>> {
    if (this.#isClosed) throw new ImagesError('failed', 'the daemon ends');
    const id = (this.#lastId += 1);
    const done = new Promise<unknown>((resolve, reject) => { this.#pending.set(id, { resolve, reject }); });
    const worker = this.#running();
    worker.ref();
    worker.postMessage({ id, operation, args } satisfies ToFileThread, transfer);
    if (patience === 'unlimited') return (await done) as OperationResult<Name>;
    const late = Symbol('late');
    const result = await within(answerLimitMs, done, late);
    if (result === late) throw new ImagesError('no-answer', `${operation}: the disk has not answered for ${String(answerLimitMs / 1000)} s`);
    return result as OperationResult<Name>;
  }

  /** Finishes what it has been asked for. @returns whether it has ended: one that hangs in the kernel does not. May be called twice. */
  async close(): Promise<boolean> {
    this.#isClosed = true;
    this.#worker?.postMessage('close' satisfies ToFileThread);
    return within(closeLimitMs, this.#ended.then(() => true), false);
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = this.start();
    this.#worker = worker;
    this.#ended = new Promise((resolve) => { worker.once('exit', resolve); });
    // A mistake of ours, as in any other part of the daemon.
    worker.on('error', (error) => { throw error; });
    worker.on('message', (outcome: FileOutcome) => { this.#settle(outcome); });
    // It has started: that took what the daemon's own start has let go of.
    worker.once('message', () => { letGoOfStartCode(); });
    return worker;
  }

  #settle(outcome: FileOutcome): void {
    const pending = this.#pending.get(outcome.id);
    this.#pending.delete(outcome.id);
    if (this.#pending.size === 0) this.#worker?.unref();
    if (outcome.is === 'done') pending?.resolve(outcome.result);
    else pending?.reject(new ImagesError('failed', outcome.message));
  }
}
