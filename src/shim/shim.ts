import { availableParallelism } from 'node:os';
import { CallPlaces } from '../runtime/call-places';
import { RuntimeCopies } from '../runtime/runtime-copies';
import { ChildReaper } from '../sys/children';
import type { DescriptorRoom } from '../sys/descriptor-room';
import { Poller } from '../sys/poller';
import { Lingering } from './lingering';
import type { ShimLog } from './log';
import type { ManagedProcess } from './managed-process';
import { ProcessTable } from './process-table';
import type { TerminalContext } from './terminal-io';

const COPY_BUFFER_BYTES = 128 * 1024;
const FEWEST_RUNTIME_CALLS = 4;

/** What the verbs work with: one shim process's table, and what watches and reaps for it. */
export class Shim {
  readonly poller: Poller;
  readonly reaper: ChildReaper;
  readonly table = new ProcessTable();
  readonly runtimeCopies: RuntimeCopies;
  readonly lingering = new Lingering({
    onEmpty: () => this.tellIfIdle(),
    onGivenUp: (why) => this.log.info(`unread output was given up: ${why}`),
  });
  /** Bounds the clean-up calls of the runtime: a thousand containers may end in one moment. Takes do not wait here. */
  readonly cleanUps = new CallPlaces(Math.max(FEWEST_RUNTIME_CALLS, 2 * availableParallelism()));
  private readonly copyBuffer = Buffer.allocUnsafeSlow(COPY_BUFFER_BYTES);
  /** Called whenever the last process, and the last of what outlived one, has gone. */
  onIdle: () => void = () => undefined;

  /** One for each process, since its reaper takes all children. The process must be a subreaper. */
  constructor(
    readonly log: ShimLog,
    readonly descriptors: DescriptorRoom,
  ) {
    this.poller = new Poller((error) => log.error('a callback failed', error));
    this.reaper = new ChildReaper(this.poller);
    this.runtimeCopies = new RuntimeCopies(log);
  }

  /** More runtimes are at work for takes, or will be in a moment, than there are processors. */
  get isCrowded(): boolean {
    const takes = [...this.table].filter(({ phase }) => phase === 'taking');
    return takes.length > availableParallelism();
  }

  get isIdle(): boolean {
    return this.table.size === 0 && this.lingering.size === 0;
  }

  /** The process is over for us: out of the table, and then its exit FIFO is let go. */
  release(entry: ManagedProcess): void {
    this.table.remove(entry);
    entry.letGo();
    this.tellIfIdle();
  }

  /** What a terminal needs. @param about for log lines */
  terminalContext(about: string): TerminalContext {
    const { poller, lingering, copyBuffer, log } = this;
    return { poller, lingering, copyBuffer, onError: (error) => log.error('copying for a terminal', error, about) };
  }

  close(): void {
    this.lingering.close();
    this.runtimeCopies.close();
    this.reaper.close();
    this.poller.close();
  }

  private tellIfIdle(): void {
    if (this.isIdle) this.onIdle();
  }
}
