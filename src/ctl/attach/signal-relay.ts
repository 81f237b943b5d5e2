import type { Io } from '../tool';

/** Passed on to a process without a terminal, which would get the first from its terminal's keys. */
const forwarded: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/**
 * The signals that an attached command takes, from before its start to its end. It listens once for all of its
 * phases: with the last listener gone the default action is back and ends us, and a signal that has come but is not
 * yet delivered is lost for a listener that is added after it (Node keeps one handle of libuv's for each signal
 * while it has listeners, and libuv does not hand on what a handle that was stopped has caught).
 */
export class SignalRelay {
  readonly #removers: readonly (() => void)[];
  readonly #held: NodeJS.Signals[] = [];
  #handler: ((name: NodeJS.Signals) => void) | undefined;

  constructor(io: Io) {
    this.#removers = forwarded.map((name) =>
      io.onSignal(name, () => {
        if (this.#handler === undefined) this.#held.push(name);
        else this.#handler(name);
      }),
    );
  }

  /** What comes from now on goes to `handler`, after what has been held. */
  to(handler: (name: NodeJS.Signals) => void): void {
    this.#handler = handler;
    for (const name of this.#held.splice(0)) handler(name);
  }

  /**
   * What comes is kept until the next to().
   * @param caught came before, and is still to be handled
   */
  hold(caught?: NodeJS.Signals): void {
    this.#handler = undefined;
    if (caught !== undefined) this.#held.push(caught);
  }

  /** Signals have their default action again. May be called twice. */
  close(): void {
    for (const remove of this.#removers) remove();
  }
}
