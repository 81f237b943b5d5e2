import { closeSync, fstatSync, readSync } from 'node:fs';
import type { Child, ChildReaper } from '../../sys/process/children';
import { type Message, messageSockets, receiveMessage, sendMessage } from '../../sys/sockets/messages';
import { SIGKILL } from '../../sys/process/process';
import type { Poller, Watch } from '../../sys/poller';
import { shimCommand } from '../shim-command';
import { RuntimeError, type RuntimeErrorCode } from '../errors';
import { HANDS_PROTOCOL, type Brings, type Brought, type Errand, type ErrandAnswer, type ErrandError, type ErrandRequest } from './errands';

/** What hands are started with. */
export interface HandStart {
  /** Path of the `holdfast-shim` program, whose other mode a hand is. */
  readonly program: string;
  readonly reaper: ChildReaper;
  readonly poller: Poller;
}

interface Waiting {
  resolve(brought: Brought<Errand>): void;
  reject(error: Error): void;
}

/** One process that does errands, one after the other. */
export class Hand {
  /** Resolves when the process is gone, for whatever reason; never rejects. */
  readonly gone: Promise<void>;
  private readonly socketFd: number;
  private readonly watch: Watch;
  private child: Child | undefined;
  private waiting: Waiting | undefined;
  private killed = false;
  private closed = false;

  /** Begins to start it: an errand may be given at once. @throws SysError for want of descriptors */
  constructor({ program, reaper, poller }: HandStart) {
    const [ownFd, itsFd] = messageSockets();
    this.socketFd = ownFd;
    try {
      this.watch = poller.watch(ownFd, { in: true }, () => { this.receive(); });
    } catch (error) {
      closeSync(ownFd);
      closeSync(itsFd);
      throw error;
    }
    const [file, ...args] = shimCommand(program);
    args.push('--hands', String(HANDS_PROTOCOL));
    const launched = reaper.launch({ file, args, stdin: itsFd, cwd: '/', session: true });
    this.gone = this.follow(launched, itsFd);
  }

  /** Whether it can be sent on an errand, or is at one. */
  get isOpen(): boolean {
    return !this.closed;
  }

  /** Sends it on an errand; only when the one before has ended. Rejects with the errand's error, or when the process is gone. */
  run(request: ErrandRequest): Promise<Brought<Errand>> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      try {
        sendMessage(this.socketFd, { text: JSON.stringify(request), fds: [] }, { wait: false });
      } catch (error) {
        this.settle((waiting) => { waiting.reject(error as Error); });
      }
    });
  }

  /** SIGKILL. One that waits for a file system may still be there for as long as that hangs. */
  kill(): void {
    this.killed = true;
    this.child?.kill(SIGKILL);
    this.end();
  }

  /** Has nothing more to do: the process ends by itself. */
  end(): void {
    if (this.closed) return;
    this.closed = true;
    this.watch.close();
    closeSync(this.socketFd);
    this.settle((waiting) => { waiting.reject(new RuntimeError('unanswered', 'given up')); });
  }

  private async follow(launched: Promise<Child>, itsFd: number): Promise<void> {
    let reason: Error | undefined;
    try {
      this.child = await launched.finally(() => { closeSync(itsFd); });
      if (this.killed) this.child.kill(SIGKILL);
      await this.child.exited;
    } catch (error) {
      reason = error as Error;
    }
    this.settle((waiting) => { waiting.reject(reason ?? new RuntimeError('unanswered', 'the program that was to do it has ended')); });
    this.end();
  }

  private receive(): void {
    const message = receiveMessage(this.socketFd, { wait: false });
    if (message === 'again') return;
    if (message === 'end') {
      // Its end tells the rest.
      this.watch.close();
      return;
    }
    this.settle((waiting) => {
      try {
        waiting.resolve(broughtBy(message));
      } catch (error) {
        waiting.reject(error as Error);
      }
    });
  }

  private settle(tell: (waiting: Waiting) => void): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined) tell(waiting);
  }
}

function broughtBy({ text, fds }: Message): Brought<Errand> {
  const answer = JSON.parse(text) as ErrandAnswer;
  if ('error' in answer) throw rebuilt(answer.error);
  if ('ok' in answer) return { value: answer.ok as Brings<Errand>, fds };
  const [fd] = fds;
  if (fd === undefined) throw new RuntimeError('unanswered', 'an answer without its file');
  return broughtBy({ text: takeContent(fd).toString('utf8'), fds: [] });
}

/** Reads a file in memory whole, and closes it. */
export function takeContent(fd: number): Buffer {
  try {
    const content = Buffer.allocUnsafe(fstatSync(fd).size);
    let length = 0;
    while (length < content.length) {
      const got = readSync(fd, content, length, content.length - length, length);
      if (got === 0) break;
      length += got;
    }
    return content.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

/** The error as it was thrown, as far as anybody looks at it. */
function rebuilt({ message, runtimeCode, code, errno }: ErrandError): Error {
  if (runtimeCode !== undefined) return new RuntimeError(runtimeCode as RuntimeErrorCode, message);
  return Object.assign(new Error(message), code === undefined ? {} : { code }, errno === undefined ? {} : { errno });
}
