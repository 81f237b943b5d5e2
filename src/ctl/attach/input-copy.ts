import type { Socket } from 'node:net';
import type { Input } from '../tool';
import { DetachKeys } from './detach-keys';
import { openInput } from './stdio-fifos';

export interface InputEvents {
  /** Our stdin has ended, and all of it is in the FIFO, whose writing end is closed. */
  onEnd(): void;
  /** The detach keys were typed; what came before them has been passed on. */
  onDetach(): void;
}

/** Copies our stdin to a process's stdin FIFO. */
export class InputCopy {
  readonly #source: Input;
  readonly #destination: Socket | undefined;
  readonly #keys: DetachKeys | undefined;
  readonly #events: InputEvents;
  #closed = false;

  /** With `detachable` the keys are looked for. The process must have been started. */
  constructor(source: Input, path: string, detachable: boolean, events: InputEvents) {
    this.#source = source;
    this.#events = events;
    this.#keys = detachable ? new DetachKeys() : undefined;
    this.#destination = openInput(path);
    // A process that has closed its stdin, or ended, no longer wants any: EPIPE is no failure.
    this.#destination?.once('error', () => {
      this.close();
    });
    source.on('data', this.#take);
    source.once('end', this.#end);
  }

  readonly #take = (typed: Buffer | string): void => {
    const bytes = typeof typed === 'string' ? Buffer.from(typed) : typed;
    const keys = this.#keys?.feed(bytes) ?? { forward: bytes, detach: false };
    const hasRoom = keys.forward.length === 0 || (this.#destination?.write(keys.forward) ?? true);
    if (keys.detach) {
      this.#events.onDetach();
    } else if (!hasRoom) {
      this.#source.pause();
      this.#destination?.once('drain', () => {
        if (!this.#closed) this.#source.resume();
      });
    }
  };

  readonly #end = (): void => {
    if (this.#closed) return;
    if (this.#destination === undefined) {
      this.#events.onEnd();
      return;
    }
    // An empty write comes after all others; end() would want to shut a socket down.
    this.#destination.write('', () => {
      if (this.#closed) return;
      this.close();
      this.#events.onEnd();
    });
  };

  /** Stops reading our stdin, which stays open. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#source.off('data', this.#take);
    this.#source.off('end', this.#end);
    this.#source.pause();
    this.#destination?.destroy();
  }
}
