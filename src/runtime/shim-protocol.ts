import type { Said } from './notice';
import type { StreamName } from './state-dir/between';

/** Version of what daemon and shim say to each other; a change that an older side cannot read raises it. Since 2 there is `upgrade`, since 3 `hold`. */
export const SHIM_PROTOCOL = 3;
/** The oldest version that is still spoken: both sides agree on the newest that both speak. */
export const OLDEST_SHIM_PROTOCOL = 1;

/** Which process, and how the runtime is called for it. All else stands in `dir`'s process.json. */
export interface ShimProcess {
  /** The process's directory, absolute. */
  readonly dir: string;
  /** As the runtime knows it. */
  readonly id: string;
  /**
   * The container's namespace; absent for the legacy API's. Where it is there, the process is kept after its end, until it is deleted: the shim
   * lets go of the exit FIFO as soon as its status is on disk, and goes on with the steps of its end.
   */
  readonly namespace?: string | undefined;
  readonly processId: string;
  /** The bundle directory that the runtime is given. */
  readonly bundle: string;
  /** The runtime's program, an absolute path; or the runtime of host programs (src/runtime/host), which has none. */
  readonly runtime: string;
  /** Whether the container has a pid namespace of its own, so that all of it ends with its init process. */
  readonly ownPidNamespace: boolean;
}

/** The fields of each request beside `seq` and `verb`. */
export interface ShimArguments {
  /** The first request of a connection. */
  readonly hello: {
    /** The oldest that the daemon speaks. Shims of the first protocol look at this number alone. */
    readonly protocol: number;
    /** The newest that it speaks. Absent: the same. */
    readonly newestProtocol?: number | undefined;
    readonly version: string;
    /** Whether runtimes may be run from copies in memory, from now on. Absent: not. */
    readonly copyRuntimes?: boolean | undefined;
  };
  /** Run a process. Answered once the runtime has made it (or failed). */
  readonly take: ShimProcess;
  /** Undo a `take` under way, whose own answer is then the error `aborted`. */
  readonly abort: { readonly dir: string };
  /** Go on with a running process whose shim has died. */
  readonly adopt: ShimProcess & {
    readonly pid: number;
    readonly starttime: string;
    /** Who holds a descriptor of the terminal's master, to be duplicated (pidfd_getfd). */
    readonly terminal?: HeldDescriptor | undefined;
    /**
     * Who holds a pidfd of the process: also of one that has ended since, whose status the kernel then
     * tells to no other pidfd.
     */
    readonly process?: HeldDescriptor | undefined;
    /** Who holds the write ends of its pipes. */
    readonly pipes?: { readonly [P in PipeName]?: HeldDescriptor | undefined } | undefined;
    /** Who holds its FIFOs. Absent, as with older daemons: they are opened anew. */
    readonly fifos?: HeldFifos | undefined;
  };
  /** Answered once a process's stdin, which was closed by its client's call, has come to its end: until then it is to be held. */
  readonly untilInputEnds: { readonly dir: string };
  readonly list: object;
  readonly ping: object;
  /** Hold duplicates of descriptors of the daemon's under a name, in the place of those that are held so, and for whoever asks for them. */
  readonly hold: {
    readonly name: string;
    readonly note: string;
    readonly holderPid: number;
    readonly fds: readonly number[];
    /** They are sockets of sd_notify(3): while no daemon is connected, what comes is heard here, so that no sender waits. Absent: not. */
    readonly hears?: boolean | undefined;
  };
  /** Close what is held under a name. */
  readonly release: { readonly name: string };
  readonly held: object;
  /**
   * Go on as another program, which takes up all that this one has: same process, same children, same descriptors, same connections.
   * Answered by the new program; by the old one, with an error, where it goes on.
   */
  readonly upgrade: {
    /** The program and its first arguments, to which the shim adds its own. */
    readonly command: readonly string[];
  };
}

/** A descriptor of another process, to be duplicated (pidfd_getfd(2)). */
export interface HeldDescriptor {
  readonly holderPid: number;
  readonly fd: number;
}

/** Its FIFOs: `file` as in FifoEnd. */
export type HeldFifos = { readonly [P in StreamName]?: (HeldDescriptor & FifoEnd) | undefined };

/** Which of a process's streams may go through a pipe that the shim has the write end of: its input, and a terminal's output on its way to a logger. */
export type PipeName = 'stdin' | 'stdout';

/** A pipe's write end in the shim; its inode tells whoever duplicates the descriptor whether it is still the same. */
export interface PipeEnd {
  readonly fd: number;
  readonly inode: number;
}

/** FIFOs by the streams that go through them: a client's, open for reading and writing (its stdin that was closed: for reading), or the read end of one between a process and a plain file. */
export type FifoEnds = { readonly [P in StreamName]?: FifoEnd | undefined };

export type PipeEnds = { readonly [P in PipeName]?: PipeEnd | undefined };

/** What the shim has of a process that the daemon is to hold, too. */
export interface Holdable {
  readonly terminalFd?: number | undefined;
  readonly pipes?: PipeEnds | undefined;
  /** Its FIFOs, as the shim holds them: what is duplicated needs not be opened, for which one would wait where another process hangs with a FIFO's lock. Absent in what older shims answer. */
  readonly fifos?: FifoEnds | undefined;
}

/** What each request is answered with. `terminalFd` is a descriptor's number in the shim. */
export interface ShimResults {
  /** `protocol`: what both speak from now on. */
  readonly hello: { readonly protocol: number; readonly version: string; readonly pid: number };
  readonly take: { readonly pid: number } & Holdable;
  readonly abort: object;
  readonly adopt: Holdable;
  readonly untilInputEnds: object;
  /** `unread`: with output of ended processes that nobody has read yet; absent in what older shims answer. */
  readonly list: { readonly processes: readonly ShimListing[]; readonly unread?: readonly FifoEnd[] | undefined };
  readonly ping: object;
  readonly hold: object;
  readonly release: object;
  readonly held: { readonly sets: readonly HeldSet[] };
  readonly upgrade: { readonly version: string };
}

/** Descriptors that a shim holds under a name, by their numbers in it. `note`: what whoever had them held says of them. */
export interface HeldSet {
  readonly name: string;
  readonly note: string;
  readonly fds: readonly number[];
  /** What was heard while no daemon was there. */
  readonly said?: Said | undefined;
}

export interface ShimListing extends Holdable {
  readonly dir: string;
  readonly pid: number;
}

/** A FIFO, by its descriptor in the shim. */
export interface FifoEnd {
  readonly fd: number;
  /** See fileOf: the number may be another file's by the time that it is duplicated. */
  readonly file: string;
}

export type ShimVerb = keyof ShimArguments;

/** Distributes: `ShimRequest<'take' | 'abort'>` is a union that `verb` tells apart. */
export type ShimRequest<V extends ShimVerb = ShimVerb> = {
  [P in V]: { readonly seq: number; readonly verb: P } & ShimArguments[P];
}[V];

export type ShimErrorCode = 'runtime-failed' | 'shim-error' | 'aborted' | 'runtime-not-installed' | 'bad-request';

/** An answer as it arrives: what `ok` holds depends on the request that had this `seq` (decodeShimResult of shim-messages.ts). */
export type ShimAnswer =
  | { readonly seq: number; readonly ok: object }
  | { readonly seq: number; readonly error: { readonly code: ShimErrorCode; readonly message: string } };
