import type { Address } from './daemon/address';
import type { DaemonClient } from './daemon/daemon-client';
import { errorCodeOf } from '../sys/thrown';
import { within } from '../sys/within';
import { CtlError } from './errors';
import { exitStatus } from './exit-status';
import { painterFor } from './text/colour';
import { sizeOf } from './text/screen-size';
import type { Io, Tool } from './tool';

/** A daemon that does not answer holds nobody up whose reader has gone. */
const readerGoneMs = 5000;

/** One run of a command line: what its commands are given, and how it ends. */
export class Session {
  readonly tool: Tool;
  #status: number = exitStatus.ok;
  #client: DaemonClient | undefined;
  #onReaderGone: () => Promise<void> = () => Promise.resolve();
  /** Those who do something of their own at Ctrl-C. */
  #interrupted = 0;

  /** @param name said before errors @param address as the command line says it, once it has been read */
  constructor(private readonly io: Io, { name, isColoured, address }: { readonly name: string; readonly isColoured: boolean; readonly address: () => Address }) {
    this.tool = {
      io: {
        // Not touched before a command does: see processIo.
        get stdin() {
          return io.stdin;
        },
        stdout: io.stdout,
        stderr: io.stderr,
        env: io.env,
        onSignal: (signal, listener) => this.#onSignal(signal, listener),
      },
      paint: painterFor(isColoured, io.env),
      width: widthOf(io),
      address,
      connect: async () => {
        const { DaemonClient: Client } = await import('./daemon/daemon-client');
        this.#client ??= new Client(address());
        return this.#client;
      },
      print: (line) => void io.stdout.write(`${line}\n`),
      printJson: (value) => void io.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
      explain: (message, hint) => {
        io.stderr.write(`${name}${message}\n${hint === undefined ? '' : `  ${hint}\n`}`);
      },
      hint: (hint) => void io.stderr.write(`  ${hint}\n`),
      onReaderGone: (act) => {
        this.#onReaderGone = act;
      },
      finish: (value) => {
        this.#status = value;
      },
    };
  }

  /** Awaits what a command does. @param goesOn what is said at Ctrl-C, where the command says nothing of its own @returns the exit status @throws what it fails with */
  async run(command: Promise<unknown>, goesOn: () => string = () => 'interrupted'): Promise<number> {
    const outputClosed = watchForClosedOutput(this.io, () => this.#onReaderGone());
    let stopListening: () => void = () => undefined;
    const interrupted = new Promise<number>((resolve) => {
      stopListening = this.io.onSignal('SIGINT', () => {
        if (this.#interrupted > 0) {
          // The next one ends us, where the command does not take it: what is written may wait for a reader that does not read.
          stopListening();
          return;
        }
        if (this.#client !== undefined) this.tool.explain(goesOn());
        resolve(exitStatus.interrupted);
      });
    });
    try {
      const done = command.then(() => undefined);
      // Once it is interrupted, what becomes of its calls is of no interest.
      done.catch(() => undefined);
      return (await Promise.race([done, outputClosed.status, interrupted])) ?? this.#status;
    } finally {
      stopListening();
      outputClosed.stop();
      this.#client?.close();
    }
  }

  #onSignal(signal: NodeJS.Signals, listener: () => void): () => void {
    const stop = this.io.onSignal(signal, listener);
    if (signal !== 'SIGINT') return stop;
    this.#interrupted += 1;
    let isOver = false;
    return () => {
      stop();
      if (!isOver) this.#interrupted -= 1;
      isOver = true;
    };
  }
}

/** COLUMNS counts on a terminal, and where somebody sets it on purpose (shells do not export it). */
function widthOf({ stdout, env }: Io): number | undefined {
  const wanted = Number(env['COLUMNS']);
  if (Number.isInteger(wanted) && wanted > 0) return wanted;
  return stdout.isTTY === true ? sizeOf(stdout).columns : undefined;
}

/** `holdfastctl events | head`: when the reader has gone, so do we, without a word. */
function watchForClosedOutput(io: Io, onReaderGone: () => Promise<void>): { readonly status: Promise<number>; stop(): void } {
  let onError: (error: Error) => void = () => undefined;
  const status = new Promise<number>((resolve, reject) => {
    let hasGone = false;
    onError = (error) => {
      // Each write fails from then on.
      if (hasGone) return;
      hasGone = errorCodeOf(error) === 'EPIPE';
      if (hasGone) within(readerGoneMs, onReaderGone(), undefined).catch(() => undefined).finally(() => { resolve(exitStatus.brokenPipe); });
      else reject(new CtlError('local', `cannot write to stdout: ${error.message}`, { cause: error }));
    };
  });
  io.stdout.on('error', onError);
  return { status, stop: () => io.stdout.off('error', onError) };
}
