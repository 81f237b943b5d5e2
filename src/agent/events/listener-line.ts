import { closeSync, readSync, writeSync } from 'node:fs';
import { faultPoint } from '../../sys/fault';
import { peekPipe, unreadBytes } from '../../sys/files/files';
import type { Poller, Watch } from '../../sys/poller';
import { messageOf } from '../../sys/thrown';
import { type LinePaths, isUnsent, makeAnew, markUnsent, openEnds, peek } from './listener-fifos';
import { type Answer, ListenerSpeech } from './listener-protocol';

/** Where a listener stands, for the next daemon. */
export interface LineState {
  readonly generation: number;
  /** `sending`: its FIFO tells whether it has come through. */
  readonly phase: 'acknowledged' | 'ready' | 'sending' | 'busy';
  /** It is busy with. */
  readonly eventId: number;
  /** A part of a word is being taken in: where nothing of it is in the pipe any more, it went with the daemon. */
  readonly isHearing: boolean;
}

/** Whom a line speaks for. */
export interface LineOwner {
  /** It is to be sent an event. */
  isReady(): void;
  answered(eventId: number, answer: Answer): void;
  /** It has said what is no word of the protocol. As with supervisord, it is sent nothing more in this run; what it was sent is told again. */
  saidNonsense(text: string): void;
  /** Nobody can tell where it stands: it has to be another run, and what it was sent is told again. */
  isLost(why: string): void;
  /** In the order in which it changes. Where it throws, the line is lost. */
  store(state: LineState): void;
}

/** A listener that a daemon of before has sent something is not waited for longer: its answer may have gone with that daemon. */
const silenceMs = 300_000;
const chunkBytes = 64 << 10;
/** So much of a word waits in the pipe for its rest: a whole answer, but for long ones, which the pipe may not have room for. */
const longestLeftBytes = 4096;

/** The way to one run of a listener, and back. */
export class ListenerLine {
  readonly #speech: ListenerSpeech;
  readonly #stdinFd: number;
  readonly #stdoutFd: number;
  readonly #watch: Watch;
  readonly #chunk = Buffer.allocUnsafe(chunkBytes);
  #eventId: number;
  #phase: LineState['phase'];
  /** Of this there may be words that another daemon has heard already, or that are on their way. */
  #isTakenOver: boolean;
  #silence: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param before where it stood when another daemon had it; undefined: it is a new run, with FIFOs of its own @throws the system's error, or what the owner's `store` does: then nothing of it is open */
  constructor(poller: Poller, paths: LinePaths, readonly generation: number, private readonly owner: LineOwner, before: LineState | undefined) {
    if (before === undefined) for (const path of [paths.stdin, paths.stdout]) makeAnew(path);
    [this.#stdinFd, this.#stdoutFd] = openEnds(paths);
    this.#isTakenOver = before !== undefined;
    this.#eventId = before?.eventId ?? 0;
    this.#phase = 'acknowledged';
    this.#speech = new ListenerSpeech('acknowledged');
    try {
      this.#phase = phaseOf(before, this.#stdinFd);
      this.#speech.phase = this.#phase;
      if (before === undefined) this.owner.store(this.#stateIn('acknowledged', false));
      // What it was noted to have answered before that was taken out of the pipe: as a word that comes now it would answer the next event.
      else if (this.#phase === 'acknowledged') dropAnswer(this.#stdoutFd);
      // At the edge: what is left in the pipe is no news until more has come.
      this.#watch = poller.watch(this.#stdoutFd, { in: true, edge: true }, () => { this.#read(); });
    } catch (error) {
      this.#closeEnds();
      throw error;
    }
    if (before?.isHearing === true && unreadBytes(this.#stdoutFd) === 0) setImmediate(() => { this.#giveUp('what it has said went with the daemon before'); });
    else if (before !== undefined && this.#phase === 'busy') this.#awaitAnswer();
  }

  /** It is to be sent an event: one that has said so, or that may have said so to a daemon of before. */
  get isFree(): boolean {
    return !this.#isClosed && (this.#speech.phase === 'ready' || (this.#speech.phase === 'acknowledged' && this.#isTakenOver));
  }

  /** Which event it has, and has not answered; undefined: none. */
  get busyWith(): number | undefined {
    return this.#speech.phase === 'busy' ? this.#eventId : undefined;
  }

  send(eventId: number, frame: Buffer): void {
    this.#eventId = eventId;
    this.#speech.phase = 'busy';
    try {
      markUnsent(this.#stdinFd);
      if (!this.#store('sending')) return;
      faultPoint('daemon.listener.before-send');
      // A pipe with room for it takes it as a whole: see pipe(7).
      if (writeSync(this.#stdinFd, frame) !== frame.length) throw new Error('it does not read what it is sent');
    } catch (error) {
      this.#giveUp(messageOf(error));
      return;
    }
    faultPoint('daemon.listener.sent');
    if (this.#store('busy') && this.#isTakenOver) this.#awaitAnswer();
  }

  /** May be called twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#silence);
    this.#watch.close();
    this.#closeEnds();
  }

  #closeEnds(): void {
    closeSync(this.#stdinFd);
    closeSync(this.#stdoutFd);
  }

  #read(): void {
    while (!this.#isClosed) {
      const unread = unreadBytes(this.#stdoutFd);
      if (unread === 0) return;
      const peeked = peek(this.#stdoutFd, Math.min(unread, chunkBytes));
      const length = this.#speech.wordLength(peeked, this.#isTakenOver);
      if (length !== undefined) this.#readWord(peeked.subarray(0, length));
      // There it goes with no daemon: bash's printf, for one, writes an answer in two pieces.
      else if (unread < longestLeftBytes && this.#speech.isPart(peeked, this.#isTakenOver)) return;
      else this.#readPart();
    }
  }

  /** First it is noted, then taken: another daemon finds it in one place or in both, and knows a word that comes again, as none is due twice. */
  #readWord(word: Buffer): void {
    const [said] = this.#speech.take(word, this.#isTakenOver);
    const { phase } = this.#speech;
    if (phase === 'unknown' || !this.#store(phase)) return;
    faultPoint('daemon.listener.noted');
    readSync(this.#stdoutFd, word);
    faultPoint('daemon.listener.heard');
    if (said?.is === 'answer') this.#answered(said.answer);
    if (this.isFree) this.owner.isReady();
  }

  /** Of a long word that came in pieces: they are kept in memory, as the pipe could not hold the longest. */
  #readPart(): void {
    if (!this.#store(this.#phase, true)) return;
    let length: number;
    try {
      length = readSync(this.#stdoutFd, this.#chunk);
    } catch {
      // EAGAIN: there is no more.
      return;
    }
    for (const said of this.#speech.take(this.#chunk.subarray(0, length), this.#isTakenOver)) {
      // The first half of a word may have gone with the daemon before.
      if (said.is === 'nonsense' && this.#isTakenOver) this.#giveUp('half of what it has said went with the daemon before');
      else if (said.is === 'nonsense') this.owner.saidNonsense(said.text);
      else if (said.is === 'answer' && this.#store('acknowledged')) this.#answered(said.answer);
      if (this.#isClosed) return;
    }
    const { phase } = this.#speech;
    if (phase !== 'unknown' && !this.#store(phase)) return;
    if (this.isFree) this.owner.isReady();
  }

  #answered(answer: Answer): void {
    clearTimeout(this.#silence);
    this.#isTakenOver = false;
    this.owner.answered(this.#eventId, answer);
  }

  #awaitAnswer(): void {
    this.#silence = setTimeout(() => { this.#giveUp('it has not answered since another daemon has begun'); }, silenceMs).unref();
  }

  #giveUp(why: string): void {
    if (this.#isClosed) return;
    this.#speech.phase = 'unknown';
    this.owner.isLost(why);
  }

  /** @returns whether it is written down: without that another daemon could not go on with it */
  #store(phase: LineState['phase'], isHearing = false): boolean {
    this.#phase = phase;
    try {
      this.owner.store(this.#stateIn(phase, isHearing));
      return true;
    } catch (error) {
      this.#giveUp(`that cannot be written down: ${messageOf(error)}`);
      return false;
    }
  }

  #stateIn(phase: LineState['phase'], isHearing: boolean): LineState {
    return { generation: this.generation, phase, eventId: this.#eventId, isHearing };
  }
}

/** Where it stands. An event that was about to be sent may have been. */
function phaseOf(before: LineState | undefined, stdinFd: number): Exclude<LineState['phase'], 'sending'> {
  if (before === undefined) return 'acknowledged';
  if (before.phase !== 'sending') return before.phase;
  return isUnsent(stdinFd) ? 'ready' : 'busy';
}

/** An answer that lies at the front of the pipe. @throws the system's error */
function dropAnswer(stdoutFd: number): void {
  const length = new ListenerSpeech('busy').wordLength(peekPipe(stdoutFd, chunkBytes), false);
  if (length !== undefined) readSync(stdoutFd, Buffer.alloc(length));
}
