import type { Readable, Writable } from 'node:stream';
import type { Address } from './daemon/address';
import type { DaemonClient } from './daemon/daemon-client';
import type { Painter } from './text/colour';

/** Where keys come from; a terminal has the two optional members. */
export type Input = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };

/** Where text goes; a terminal has the optional members and emits `resize`. */
export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** What a command sees of the process that it runs in. */
export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls back for each signal instead of its default action, until the returned function is called. */
  onSignal(name: NodeJS.Signals, listener: () => void): () => void;
}

/** What every command is given. */
export interface Tool {
  readonly io: Io;
  readonly paint: Painter;
  /** Columns of the terminal, or of COLUMNS; undefined where output is for programs and never cut. */
  readonly width: number | undefined;
  /** The daemon's address from --address, HOLDFAST_ADDRESS or the default. Throws CtlError. */
  address(): Address;
  /** The client, loaded at its first use: HTTP/2 takes longer to load than all else. Closed by run(). */
  connect(): Promise<DaemonClient>;
  /** Writes a line to stdout: the command's answer. */
  print(line: string): void;
  /** Writes JSON to stdout: one document. */
  printJson(value: unknown): void;
  /** Writes what went wrong, and what to do next, to stderr. */
  explain(message: string, hint?: string): void;
  /** Writes what to do next to stderr, alone. */
  hint(hint: string): void;
  /** Does this before it all ends because the reader of stdout has gone. Its failure is nobody's. */
  onReaderGone(act: () => Promise<void>): void;
  /** Sets the exit status; 0 when a command never calls it. */
  finish(status: number): void;
}
