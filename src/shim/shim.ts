import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ForeignFiles } from '../runtime/foreign/foreign-files';
import { CallPlaces } from '../runtime/oci/call-places';
import { RuntimeCopies } from '../runtime/oci/runtime-copies';
import { CopierPool } from './stdio/copier-pool';
import { ChildReaper } from '../sys/process/children';
import type { DescriptorRoom } from '../sys/descriptor-room';
import { FreedMemory } from '../sys/freed-memory';
import { Poller } from '../sys/poller';
import { CallsUnderWay } from './process/calls-under-way';
import { ShimError } from './errors';
import { Gate } from './gate';
import { HeldSets } from './held-sets';
import { Lingering } from './stdio/lingering';
import type { ShimLog } from './log';
import type { ManagedProcess } from './process/managed-process';
import { ProcessTable } from './process/process-table';
import { WaitingStubs } from './process/waiting-stubs';
import type { TerminalContext } from './stdio/terminal-io';

const COPY_BUFFER_BYTES = 128 * 1024;
const FEWEST_RUNTIME_CALLS = 4;

/** What the verbs work with: one shim process's table, and what watches and reaps for it. */
export class Shim {
  readonly poller: Poller;
  readonly reaper: ChildReaper;
  readonly table = new ProcessTable();
  readonly runtimeCopies: RuntimeCopies;
  readonly copiers: CopierPool;
  /** Whatever a client names is touched through these. */
  readonly foreign: ForeignFiles;
  readonly lingering = new Lingering({
    onEmpty: () => this.tellIfIdle(),
    onGivenUp: (why) => this.log.info(`unread output was given up: ${why}`),
  });
  /** What it holds for the daemon. */
  readonly held: HeldSets;
  /** What begins something that a handover would have to wait for passes it. */
  readonly gate = new Gate();
  /** The runtimes that are at work. */
  readonly calls = new CallsUnderWay();
  /** Bounds the clean-up calls of the runtime: a thousand containers may end in one moment. Takes do not wait here. */
  readonly cleanUps = new CallPlaces(Math.max(FEWEST_RUNTIME_CALLS, 2 * availableParallelism()));
  readonly waitingStubs: WaitingStubs;
  /** Of takes and ends. */
  readonly freed = new FreedMemory();
  private readonly copyBuffer = Buffer.allocUnsafeSlow(COPY_BUFFER_BYTES);
  /** Called whenever the last process, and the last of what outlived one, has gone. */
  onIdle: () => void = () => undefined;
  /** Goes on as another program. @throws ShimError where this one goes on instead */
  upgrade: (command: readonly string[]) => Promise<never> = () => Promise.reject(new ShimError('bad-request', 'this shim serves one process'));

  /** One for each process, since its reaper takes all children. The process must be a subreaper. */
  constructor(
    readonly log: ShimLog,
    readonly descriptors: DescriptorRoom,
    /** The directory that it serves, for process lists. */
    readonly place: string,
  ) {
    this.poller = new Poller((error) => log.error('a callback failed', error));
    this.held = new HeldSets(this.poller, () => this.tellIfIdle());
    this.reaper = new ChildReaper(this.poller);
    this.waitingStubs = new WaitingStubs(this.reaper, this.gate, log);
    this.runtimeCopies = new RuntimeCopies(log);
    this.copiers = new CopierPool({ reaper: this.reaper, log, place, onEmpty: () => this.tellIfIdle() });
    const { poller, reaper } = this;
    const program = realpathSync(process.argv[1] ?? '');
    this.foreign = new ForeignFiles({ program, poller, reaper, onGivenUp: (what) => log.error('a file system does not answer', what) });
  }

  /** More runtimes are at work for takes, or will be in a moment, than there are processors. */
  get isCrowded(): boolean {
    const takes = [...this.table].filter(({ phase }) => phase === 'taking');
    return takes.length > availableParallelism();
  }

  get isIdle(): boolean {
    return this.table.size === 0 && this.lingering.size === 0 && this.copiers.size === 0 && this.held.size === 0;
  }

  /** The process is over for us: out of the table, and then its exit FIFO is let go. */
  release(entry: ManagedProcess): void {
    this.table.remove(entry);
    entry.letGo();
    this.freed.leave();
    this.tellIfIdle();
  }

  /** What the stdio of a process needs. */
  stdioContext({ label: about, identity: { dir } }: Pick<ManagedProcess, 'label'> & { readonly identity: { readonly dir: string } }): TerminalContext {
    const { poller, lingering, copiers, copyBuffer, log } = this;
    const onError = (error: unknown): void => log.error('passing stdio on', error, about);
    return { poller, lingering, copiers, copyBuffer, dir, about, onError };
  }

  close(): void {
    this.freed.close();
    this.lingering.close();
    this.copiers.close();
    this.foreign.close();
    this.runtimeCopies.close();
    this.waitingStubs.close();
    this.reaper.close();
    this.poller.close();
  }

  private tellIfIdle(): void {
    if (this.isIdle) this.onIdle();
  }
}
