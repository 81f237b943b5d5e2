import { closeSync, constants, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { mkfifo, unreadBytes } from '../../sys/files/files';
import type { Poller, Watch } from '../../sys/poller';
import { messageOf } from '../../sys/thrown';
import { type Answer, ListenerSpeech, type Phase } from './listener-protocol';

/** Where a listener stands, for the next daemon. */
export interface LineState {
  readonly generation: number;
  /** `sending`: whether it has come through nobody knows. */
  readonly phase: 'acknowledged' | 'ready' | 'sending' | 'busy';
  /** It is busy with. */
  readonly eventId: number;
  /** What it has said is being taken in: where nothing of it is in the pipe any more, it went with the daemon. */
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

/** Its FIFOs: the shim holds both ends of them, so the listener neither meets their end nor loses what it says while there is no daemon. */
export interface LinePaths {
  readonly stdin: string;
  readonly stdout: string;
}

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
    this.#phase = before?.phase ?? 'acknowledged';
    this.#speech = new ListenerSpeech(phaseOf(before));
    try {
      if (before === undefined) this.owner.store(this.#stateIn('acknowledged', false));
      this.#watch = poller.watch(this.#stdoutFd, { in: true }, () => { this.#read(); });
    } catch (error) {
      this.#closeEnds();
      throw error;
    }
    if (before?.isHearing === true && unreadBytes(this.#stdoutFd) === 0) setImmediate(() => { this.#giveUp('what it has said went with the daemon before'); });
    else if (before?.phase === 'busy') this.#awaitAnswer();
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
    if (!this.#store('sending')) return;
    this.#speech.phase = 'busy';
    try {
      // A pipe with room for it takes it as a whole: see pipe(7).
      if (writeSync(this.#stdinFd, frame) !== frame.length) throw new Error('it does not read what it is sent');
    } catch (error) {
      this.#giveUp(messageOf(error));
      return;
    }
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
      if (unreadBytes(this.#stdoutFd) === 0) return;
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
        else if (said.is === 'answer') this.#answered(said.answer);
        if (this.#isClosed) return;
      }
      const { phase } = this.#speech;
      if (phase !== 'unknown' && !this.#store(phase)) return;
      if (this.isFree) this.owner.isReady();
    }
  }

  #answered(answer: Answer): void {
    clearTimeout(this.#silence);
    this.#isTakenOver = false;
    if (this.#store('acknowledged')) this.owner.answered(this.#eventId, answer);
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

/** Both, or none. */
function openEnds({ stdin, stdout }: LinePaths): readonly [stdinFd: number, stdoutFd: number] {
  const flags = constants.O_RDWR | constants.O_NONBLOCK;
  const stdinFd = openSync(stdin, flags);
  try {
    return [stdinFd, openSync(stdout, flags)];
  } catch (error) {
    closeSync(stdinFd);
    throw error;
  }
}

function phaseOf(before: LineState | undefined): Phase {
  switch (before?.phase) {
    case undefined:
      return 'acknowledged';
    case 'sending':
      return 'unknown';
    case 'acknowledged':
    case 'ready':
    case 'busy':
      return before.phase;
  }
}

function makeAnew(path: string): void {
  rmSync(path, { force: true });
  mkfifo(path, 0o600);
}
