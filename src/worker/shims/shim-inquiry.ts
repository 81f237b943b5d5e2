import { setTimeout as delay } from 'node:timers/promises';
import type { StateDir } from '../../runtime/state-dir/layout';
import type { Logger } from '../../runtime/logger';
import { errorCodeOf } from '../../sys/thrown';
import { type Greeting, OurShim, type ShimContent } from './our-shim';
import { WorkError } from '../errors';
import type { ShimConnection } from './shim-connection';
import { connectShim } from './shim-launch';

/** How soon a shim is called again whose socket takes no more callers. */
const callAgainMs = 500;

/**
 * What comes of a question to a shim of before.
 * - `there`: it has answered; the connection is the shim's, and the descriptors in `content` are the receiver's.
 * - `gone`: nobody listens any more, or it was given up: its processes want another.
 * - `foreign`: it speaks another protocol, serves its own by their files, and keeps its socket for its own daemon.
 * - `mute`: nobody could even be called.
 */
export type ShimAnswer =
  | { readonly is: 'there'; readonly shim: OurShim; readonly content: ShimContent }
  | { readonly is: 'gone' }
  | { readonly is: 'foreign'; readonly cause: WorkError }
  | { readonly is: 'mute' };

export interface InquiryOptions {
  readonly stateDir: StateDir;
  readonly name: string;
  readonly greeting: Greeting;
  readonly log: Logger;
  /** How long it may take to answer before it is killed. */
  readonly giveUpMs: number;
}

/**
 * Asks a shim that an earlier daemon has left who it is and what it has. It may be slow, on a loaded host, and it is worth
 * waiting for: with it, its processes lose their parent, and before Linux 6.15 their exit statuses.
 */
export class ShimInquiry {
  /** Never rejects. Does not settle after `close`. */
  readonly answer: Promise<ShimAnswer>;
  #connection: ShimConnection | undefined;
  #closed = false;

  constructor(private readonly options: InquiryOptions) {
    const untilMs = performance.now() + options.giveUpMs;
    this.answer = this.#ask(untilMs).then((answer) => (this.#closed ? new Promise<never>(() => undefined) : answer));
  }

  get name(): string {
    return this.options.name;
  }

  /** The shim's system pid, as the kernel knows it of its socket; absent until it could be called. */
  get pid(): number | undefined {
    return this.#connection?.peerPid;
  }

  /** Nobody is interested any more; the shim lives on. */
  close(): void {
    this.#closed = true;
    this.#connection?.close();
  }

  async #ask(untilMs: number): Promise<ShimAnswer> {
    const connection = await this.#connect(untilMs);
    if (typeof connection === 'string') return { is: connection };
    this.#connection = connection;
    const { name, greeting, log } = this.options;
    const timer = setTimeout(() => {
      log.error({ shim: name, shimPid: connection.peerPid }, 'the shim does not answer and is replaced');
      connection.killPeer();
    }, untilMs - performance.now());
    try {
      const shim = await OurShim.greet(name, connection, greeting);
      return { is: 'there', shim, content: await shim.list() };
    } catch (cause) {
      connection.close();
      return cause instanceof WorkError && cause.code === 'shim-failed' ? { is: 'foreign', cause } : { is: 'gone' };
    } finally {
      clearTimeout(timer);
    }
  }

  async #connect(untilMs: number): Promise<ShimConnection | 'gone' | 'mute'> {
    for (;;) {
      try {
        return await connectShim(this.options.stateDir, this.name);
      } catch (error) {
        // EAGAIN: as many callers wait as may (unix(7)), which a shim that hangs through many restarts comes to.
        if (errorCodeOf(error) !== 'EAGAIN') return 'gone';
      }
      if (this.#closed || performance.now() > untilMs) return 'mute';
      await delay(callAgainMs, undefined, { ref: false });
    }
  }
}
