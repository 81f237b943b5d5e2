import type { PipeEnds } from '../../runtime/shim-protocol';
import type { StreamName } from '../../runtime/state-dir/between';
import type { IoState, Keep } from '../handover/state';

/** The stdio of one process, with or without a terminal. */
export interface ProcessIo {
  /** The terminal's master, a descriptor of this process; absent without one. */
  readonly terminalFd: number | undefined;
  /** The write ends of its pipes that are held here. */
  readonly pipes: PipeEnds;
  /** Its FIFOs by their streams, as they are held here: see `FifoEnds`. Undefined where it is not known which is whose. */
  readonly fifoFds: { readonly [P in StreamName]?: number } | undefined;
  /** Its output is kept in files. */
  readonly keepsOutput: boolean;
  /** Resolves when the death of this program harms the stdio no more than it ever will. Never rejects. */
  ready(): Promise<void>;
  /** The client's UpdateProcess{closeStdin}: this side stops holding stdin open. May come twice. */
  closeStdin(): void;
  /** Resolves when a stdin that was closed has come to its end: all that clients wrote has been passed on. At once where there is none. */
  untilInputEnds(): Promise<void>;
  /** Sets the terminal's size; nothing without one. */
  resize(columns: number, rows: number): void;
  /**
   * After the process's end, before finish(): resolves when readers have what it wrote, or do not take it. Nothing is let go: it may be asked again, by
   * another program too. Never rejects.
   */
  untilRead(): Promise<void>;
  /**
   * After the process's end: what it wrote is passed on as far as readers take it, what they have not read is
   * left to linger, and all else is let go. Resolves as soon as the exit may be told; never rejects.
   */
  finish(): Promise<void>;
  /** What the program that takes this one's place goes on with. */
  handOver(keep: Keep): IoState;
  /** Lets go of everything at once; output that nobody has read is lost. May be called at any time, and twice. */
  close(): void;
}
