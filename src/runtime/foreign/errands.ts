import type { KeptPlace } from './clear-kept';
import type { ListenPlace } from '../../sys/sockets/listening-socket';
import type { CheckpointRecord } from '../state-dir/checkpoint-file';
import type { RestorePlace } from './checkpoints';
import type { FoundProgram } from './programs';
import type { KeptListing, KeptRange } from './kept';
import type { OpenedStdio, StdioAsked } from './stdio';

/** Version of what a program and its hands say to each other; a hand of another one does nothing. */
export const HANDS_PROTOCOL = 5;

/** One mount of a root file system, as a client describes it (mount(8): type, source, options). */
export interface MountAsked {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** A checkpoint by its directory, and that one's. */
export interface CheckpointAsked {
  readonly place: string;
  readonly name: string;
}

/** What a hand can be sent for: what it is asked, and what it brings beside descriptors. */
export interface Errands {
  /** Brings a descriptor: a file in memory with the regular file's content. */
  readonly read: {
    readonly asks: { readonly path: string; readonly mostBytes: number; readonly followLink: boolean; readonly root?: string | undefined };
    readonly brings: object;
  };
  readonly findProgram: { readonly asks: { readonly path: string }; readonly brings: FoundProgram };
  readonly mount: { readonly asks: { readonly mounts: readonly MountAsked[]; readonly target: string }; readonly brings: object };
  /** Brings descriptors: of a FIFO the keeper's, and the one for the process's way if asked for; of a file the one. */
  readonly openStdio: { readonly asks: StdioAsked; readonly brings: { readonly kind: OpenedStdio['kind'] } };
  readonly listCheckpoints: { readonly asks: { readonly place: string }; readonly brings: { readonly checkpoints: readonly CheckpointRecord[] } };
  readonly makeCheckpoint: { readonly asks: CheckpointAsked; readonly brings: { readonly workPath: string } };
  readonly describeCheckpoint: { readonly asks: { readonly imagePath: string; readonly record: CheckpointRecord }; readonly brings: object };
  readonly findCheckpoint: { readonly asks: CheckpointAsked; readonly brings: { readonly isThere: boolean } };
  readonly removeCheckpoint: { readonly asks: CheckpointAsked; readonly brings: object };
  readonly prepareRestore: { readonly asks: { readonly checkpointDir: string }; readonly brings: RestorePlace };
  /** Files of kept output, with what a reader wants to know of each; none where the directory is not there. */
  readonly listKept: { readonly asks: { readonly dir: string }; readonly brings: { readonly files: readonly KeptListing[] } };
  /** Brings a descriptor: a file in memory with what is there of so many bytes; none where the file is not there. */
  readonly readKept: { readonly asks: KeptRange; readonly brings: object };
  /** Removes the files of kept output; see clear-kept.ts. */
  readonly clearKept: { readonly asks: KeptPlace; readonly brings: { readonly isCleared: boolean } };
  /** Removes a directory of kept output; one that is not there is fine. */
  readonly removeKept: { readonly asks: { readonly dir: string }; readonly brings: object };
  /** Brings a descriptor: a socket that listens there. */
  readonly listen: { readonly asks: ListenPlace; readonly brings: object };
  readonly unmount: { readonly asks: { readonly target: string }; readonly brings: object };
}

export type Errand = keyof Errands;
export type Asks<E extends Errand> = Errands[E]['asks'];
export type Brings<E extends Errand> = Errands[E]['brings'];

/** What an errand has brought; the descriptors are the receiver's to close. */
export interface Brought<E extends Errand> {
  readonly value: Brings<E>;
  readonly fds: readonly number[];
}

/** A request as it is sent to a hand, one at a time. */
export type ErrandRequest = { [E in Errand]: { readonly errand: E; readonly asks: Asks<E> } }[Errand];

/** An error on its way from a hand. */
export interface ErrandError {
  readonly message: string;
  /** Of a RuntimeError. */
  readonly runtimeCode?: string;
  /** Of a system error, or of its cause. */
  readonly code?: string;
  readonly errno?: number;
}

/** `inFile`: the answer itself is the content of the one descriptor that came. */
export type ErrandAnswer = { readonly ok: object } | { readonly error: ErrandError } | { readonly inFile: true };
