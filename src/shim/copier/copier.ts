import { constants, fstatSync, open as openFd, openSync, closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LineFramer } from '../../runtime/line-framer';
import { Poller } from '../../sys/poller';
import { WallClock } from '../../sys/wall-clock';
import { messageOf } from '../../sys/thrown';
import type { Copy, CopyContext, CopyParts, Scratch } from './copy';
import { CopyNote } from './copy-note';
import { InputCopy } from './input-copy';
import { KeptCopy, type KeptParts } from './kept-copy';
import { OutputCopy } from './output-copy';
import { Packer } from './packer';
import { Pipes } from './pipes';
import { type CopierReport, type CopierRequest, type CopyEnds, NO_COPY, decodeCopierRequest, encodeCopierMessage } from './protocol';

const SHIM_FD = 0;
const CHUNK_BYTES = 256 * 1024;
const KEPT_BYTES = 1024 * 1024;
/** Who copies to and from files has taken its chunk within microseconds. */
const IDLE_PIPES = 4;
/** Lines of a few bytes become ten times as much: they are taken in turns. */
const ENCODED_BYTES = 1024 * 1024;

/** Each program that hangs within a write costs one of them (see moveIntoFileAside), and all are made when the first is needed. */
const THREADS = 32;

/** How often one that waits for another copier's stream asks for it, and one whose shim is gone looks whether it is asked. */
const ASK_MS = 50;

/**
 * The copier: a program that copies between processes' FIFOs and the plain files of one file system, so that a file system that
 * hangs holds up nobody but those whose files are on it. Asked by its shim through its standard input, a socket.
 *
 * A copier whose shim is gone goes on until another shim's copier asks for its streams (see `CopyNote`) or they end.
 */
export class Copier {
  private readonly poller = new Poller((error) => this.report({ report: 'error', id: 0, message: messageOf(error) }));
  private readonly scratch = makeScratch();
  private readonly clock = new WallClock();
  private readonly packer = new Packer((error) => this.report({ report: 'error', id: 0, message: messageOf(error) }));
  private readonly copies = new Map<number, { readonly copy: Copy; readonly note: CopyNote }>();
  private readonly socket = new Socket({ fd: SHIM_FD, readable: true, writable: true });
  private readonly opening = new Set<number>();
  private readonly closing = new Set<number>();
  private orphaned = false;

  /** The process ends when there is nothing to copy any more, and no shim. */
  run(): void {
    process.env['UV_THREADPOOL_SIZE'] = String(THREADS);
    const framer = new LineFramer();
    this.socket.on('data', (chunk) => {
      for (const line of framer.push(chunk)) this.obey(decodeCopierRequest(line));
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.loseShim());
    // What a service manager sends to everything that it has started: see serve.ts.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
    this.poller.ref();
    this.report({ report: 'opened', id: NO_COPY });
  }

  private obey(request: CopierRequest): void {
    const { id } = request;
    if (request.verb === 'copy') {
      this.opening.add(id);
      void this.open(id, request);
    } else if (request.verb === 'flush') {
      const tell = (): void => this.report({ report: 'flushed', id });
      const open = this.copies.get(id);
      // One that is still being opened has everything before it.
      if (open !== undefined) open.copy.flush(tell);
      else if (this.opening.has(id)) setTimeout(() => this.obey(request), ASK_MS);
      else tell();
    } else {
      this.close(id);
    }
  }

  private async open(id: number, ends: CopyEnds): Promise<void> {
    let parts: CopyParts | KeptParts | undefined;
    try {
      parts = await openParts(ends, {
        isGivenUp: () => this.orphaned || !this.opening.has(id),
        onError: (error) => this.report({ report: 'error', id, message: messageOf(error) }),
      });
    } catch (error) {
      this.report({ report: 'error', id, message: messageOf(error) });
    }
    if (parts === undefined || !this.opening.has(id)) {
      this.over(id);
      return;
    }
    parts.note.sign('kept' in parts ? parts.stagedFd : parts.fileFd);
    this.report({ report: 'opened', id });
    const context: CopyContext = {
      poller: this.poller,
      scratch: this.scratch,
      clock: this.clock,
      packer: this.packer,
      onEnd: () => this.over(id),
      onError: (error) => this.report({ report: 'error', id, message: messageOf(error) }),
    };
    const copy = copyOf(ends, parts, context);
    // It may have ended in its first turn.
    if (this.opening.delete(id)) this.copies.set(id, { copy, note: parts.note });
    else copy.close();
  }

  /** May be asked for again while a pipe that is locked puts it off. */
  private close(id: number): void {
    if (this.closing.has(id)) return;
    const open = this.copies.get(id);
    if (open === undefined) return this.over(id);
    this.closing.add(id);
    open.copy.close(() => { this.over(id); });
  }

  private over(id: number): void {
    this.copies.delete(id);
    this.opening.delete(id);
    this.closing.delete(id);
    this.report({ report: 'ended', id });
    this.endIfDone();
  }

  private report(report: CopierReport): void {
    if (!this.orphaned) this.socket.write(encodeCopierMessage(report));
  }

  private loseShim(): void {
    this.orphaned = true;
    setInterval(() => {
      for (const [id, { note }] of this.copies) {
        if (note.isWanted) this.close(id);
      }
    }, ASK_MS);
    this.endIfDone();
  }

  private endIfDone(): void {
    if (this.orphaned && this.copies.size === 0 && this.opening.size === 0) process.exit(0);
  }
}

function copyOf(ends: CopyEnds, parts: CopyParts | KeptParts, context: CopyContext): Copy {
  if ('kept' in parts) return new KeptCopy(parts, context);
  return ends.direction === 'input' ? new InputCopy(parts, context) : new OutputCopy(parts, context);
}

function makeScratch(): Scratch {
  return {
    buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES),
    chunk: Buffer.allocUnsafeSlow(KEPT_BYTES),
    encoded: Buffer.allocUnsafeSlow(ENCODED_BYTES),
    pipes: new Pipes(CHUNK_BYTES, IDLE_PIPES),
    nullFd: openSync('/dev/null', constants.O_WRONLY),
  };
}

const openAside = promisify(openFd);

interface Opening {
  /** Whether it is not to be copied any more. */
  isGivenUp(): boolean;
  onError(error: unknown): void;
}

/**
 * Opens the shim's descriptors anew, and waits until no other copier has the stream.
 * @returns undefined where it was given up
 * @throws the system's error
 */
async function openParts(ends: CopyEnds, { isGivenUp, onError }: Opening): Promise<CopyParts | KeptParts | undefined> {
  const isInput = ends.direction === 'input';
  const opened: number[] = [];
  // On another thread: to open a FIFO takes its lock (see moveIntoFileAside).
  const open = async (fd: number, flags: number): Promise<number> => {
    const own = await openAside(`/proc/${ends.shimPid}/fd/${fd}`, flags | constants.O_NONBLOCK);
    opened.push(own);
    return own;
  };
  const openFile = async (): Promise<number> => {
    try {
      return await open(ends.fileFd, constants.O_NOCTTY | (isInput ? constants.O_RDONLY : constants.O_WRONLY | constants.O_APPEND));
    } catch (error) {
      onError(error);
      // What it cannot write is dropped, and the process goes on.
      const nullFd = openSync('/dev/null', isInput ? constants.O_RDONLY : constants.O_WRONLY);
      opened.push(nullFd);
      return nullFd;
    }
  };
  try {
    const note = CopyNote.open(`/proc/${ends.shimPid}/fd/${ends.noteFd}`);
    opened.push(note.fd);
    const stagedFd = await open(ends.stagedFd, constants.O_RDWR);
    const fifoFd = await open(ends.fifoFd, isInput ? constants.O_WRONLY : constants.O_RDONLY);
    const { kept } = ends;
    const fileFd = kept === undefined ? await openFile() : stagedFd;
    while (!note.tryClaim()) {
      await delay(ASK_MS);
      if (!isGivenUp()) continue;
      for (const fd of opened) closeSync(fd);
      return undefined;
    }
    if (kept !== undefined) return { fifoFd, stagedFd, note, kept };
    return { fifoFd, stagedFd, fileFd, isPlainFile: fstatSync(fileFd).isFile(), note };
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    throw error;
  }
}
