import type { OutputStream } from './kept-output';

/** A place in what is kept of a container: after an entry. It stays good over rotations and restarts. */
export type KeptCursor = string;

/** A line of kept output, or a part of one; see `isTogether`. */
export interface KeptEntry {
  readonly stream: OutputStream;
  /** When it was taken: nanoseconds since 1970. Undefined in the format `raw`, which has no times. */
  readonly timeNs: bigint | undefined;
  /** Without the newline at its end. */
  readonly text: Buffer;
  /** No newline ends it: the next entry of the same stream goes on with it. */
  readonly isPartial: boolean;
  /** To go on after this entry. */
  readonly cursor: KeptCursor;
}

/** Where reading begins: without one at the oldest that is there. */
export type KeptStart =
  /** What has been rotated away since goes missing. */
  | { readonly after: KeptCursor }
  /** The first entry of this time or later. In `raw`, where only files have times: of the first file that was written to since. */
  | { readonly sinceNs: bigint }
  /** So many lines before the end, of the streams together. */
  | { readonly lastLines: number }
  /** So many bytes of text before the end, newlines counted; it may begin within a line. */
  | { readonly lastBytes: number };

export interface KeptQuery {
  /** See `keptDirectory`. */
  readonly dir: string;
  /** Default: both. */
  readonly streams?: readonly OutputStream[];
  readonly start?: KeptStart;
  /** Entries of this time and later are left out; not with `follow`. */
  readonly untilNs?: bigint;
  /** At the end, waits for more, until the signal says stop. */
  readonly follow?: boolean;
  /** Lines of one stream and time may come as one entry, whose text has newlines within: quicker by far where there are many. */
  readonly isTogether?: boolean;
}

/**
 * Reads what is kept of a container, in order: batches of entries, as they are there. Nothing where nothing is kept (yet). At most
 * some 256 KiB at a time are in memory. Ends at the end, or with `follow` when the signal is aborted, which is no error.
 * Throws RuntimeError `unanswered` where the file system hangs, `bad-message` for a cursor that is none, or the system's error.
 */
export type ReadKept = (query: KeptQuery, signal: AbortSignal) => AsyncIterable<readonly KeptEntry[]>;
