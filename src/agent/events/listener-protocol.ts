/** What a listener says of an event. */
export type Answer = 'ok' | 'fail';

/** Where it stands: supervisord's states of listeners. `unknown`: it does not speak the protocol, and is sent nothing until it is another run. */
export type Phase = 'acknowledged' | 'ready' | 'busy' | 'unknown';

/** What it has said. */
export type Said = { readonly is: 'ready' } | { readonly is: 'answer'; readonly answer: Answer } | { readonly is: 'nonsense'; readonly text: string };

const READY = 'READY\n';
const RESULT = 'RESULT ';
/** supervisord's handler knows `OK`, and takes all else for a failure. */
const longestAnswer = 1 << 16;
const longestNumber = 10;

/** What a listener writes to its stdout, taken apart: http://supervisord.org/events.html#event-listener-notification-protocol */
export class ListenerSpeech {
  #rest: Buffer = Buffer.alloc(0);

  constructor(public phase: Phase) {}

  /** @param mayBeLate it may have said so to another daemon already, or may say so yet */
  *take(chunk: Buffer, mayBeLate: boolean): Iterable<Said> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let said = this.#next(mayBeLate); said !== undefined; said = this.#next(mayBeLate)) yield said;
  }

  /** How many bytes the whole word takes that `chunk` begins with, where it is due; undefined: there is none, or a part of one was taken in before. */
  wordLength(chunk: Buffer, mayBeLate: boolean): number | undefined {
    if (this.#rest.length > 0) return undefined;
    const listening = new ListenerSpeech(this.phase);
    listening.#rest = chunk;
    const said = listening.#next(mayBeLate);
    return said === undefined || said.is === 'nonsense' ? undefined : chunk.length - listening.#rest.length;
  }

  /** Whether a word that is due begins as `chunk` does, and is not whole. */
  isPart(chunk: Buffer, mayBeLate: boolean): boolean {
    if (this.#rest.length > 0 || chunk.length === 0 || this.phase === 'unknown') return false;
    const listening = new ListenerSpeech(this.phase);
    listening.#rest = chunk;
    return listening.#next(mayBeLate) === undefined;
  }

  #next(mayBeLate: boolean): Said | undefined {
    if (this.#rest.length === 0 || this.phase === 'unknown') return undefined;
    const isReadyDue = this.phase === 'acknowledged' || mayBeLate;
    if (isReadyDue && this.#begins(READY)) return this.#ready();
    if (this.phase === 'busy' && this.#begins(RESULT)) return this.#result();
    return this.#nonsense();
  }

  /** Whether what is there is, or may become, what begins so. */
  #begins(token: string): boolean {
    const length = Math.min(token.length, this.#rest.length);
    return this.#rest.toString('latin1', 0, length) === token.slice(0, length);
  }

  #ready(): Said | undefined {
    if (this.#rest.length < READY.length) return undefined;
    this.#rest = this.#rest.subarray(READY.length);
    if (this.phase === 'acknowledged') this.phase = 'ready';
    return { is: 'ready' };
  }

  #result(): Said | undefined {
    const end = this.#rest.indexOf('\n');
    if (end < 0) return this.#rest.length > RESULT.length + longestNumber ? this.#nonsense() : undefined;
    const number = this.#rest.toString('latin1', RESULT.length, end);
    if (!/^\d{1,10}$/.test(number) || Number(number) > longestAnswer) return this.#nonsense();
    const from = end + 1;
    if (this.#rest.length < from + Number(number)) return undefined;
    const answer = this.#rest.toString('latin1', from, from + Number(number));
    this.#rest = this.#rest.subarray(from + Number(number));
    this.phase = 'acknowledged';
    return { is: 'answer', answer: answer === 'OK' ? 'ok' : 'fail' };
  }

  #nonsense(): Said {
    const text = this.#rest.toString('utf8', 0, Math.min(this.#rest.length, 80));
    this.#rest = Buffer.alloc(0);
    this.phase = 'unknown';
    return { is: 'nonsense', text };
  }
}

export interface EventHeader {
  /** Of the daemon. */
  readonly server: string;
  readonly serial: number;
  readonly pool: string;
  readonly eventName: string;
}

/** An event as it is sent: a header line, and the payload behind it. */
export function frameOf({ server, serial, pool, eventName }: EventHeader, payload: string): Buffer {
  const body = Buffer.from(payload);
  const number = String(serial);
  return Buffer.concat([Buffer.from(`ver:3.0 server:${server} serial:${number} pool:${pool} poolserial:${number} eventname:${eventName} len:${String(body.length)}\n`), body]);
}
