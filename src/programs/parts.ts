import type { Definition, StdioPaths } from '../records/definition';
import type { Requester } from '../records/definition-record';
import type { Definitions } from '../records/definitions';
import type { Logger } from '../runtime/logger';
import type { ForeignFiles } from '../runtime/foreign/foreign-files';
import type { ContainerKey } from '../runtime/state-dir/container-key';
import type { EventPublisher } from '../supervisor/events/event-publisher';
import type { Supervisor } from '../supervisor/supervisor';
import type { TaskArgs } from '../supervisor/task';
import type { OutputHolds } from './output-holds';
import type { OutputReaders } from './output-readers';
import type { StartClock } from '../sys/boot';
import type { Poller } from '../sys/poller';
import type { Turns } from '../sys/turns';
import type { DefinitionFiles } from './definition-files';
import type { ManagedPrograms } from './managed';

/** In mount(8)'s words. */
export interface RootMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** What the verbs of this room work with. */
export interface ProgramParts {
  readonly supervisor: Supervisor;
  readonly publisher: EventPublisher;
  readonly definitions: Definitions;
  readonly log: Logger;
  readonly poller: Poller;
  /** Of this boot. */
  readonly bootId: string;
  /** One at a time starts, or goes, of each name. */
  readonly turns: Turns;
  /** Stops that are under way, with when SIGKILL is due: nanoseconds since 1970. */
  readonly stops: Map<ContainerKey, bigint>;
  /** Of the FIFO that is the stdin of its first process, where that is open for whoever attaches. */
  inputPath(key: ContainerKey): string;
  /** Where output is kept, and what reads and removes it. */
  readonly output: {
    directoryOf(key: ContainerKey): string;
    readonly files: Pick<ForeignFiles, 'clearKept' | 'listKept' | 'readKept' | 'removeKept'>;
    /** Where readers that are waited for are written down: a directory for each program. */
    readonly holdsDir: string;
  };
  readonly outputReaders: OutputReaders;
  readonly outputHolds: OutputHolds;
  /** Who keeps running what files define; undefined: nobody does. */
  managed: ManagedPrograms | undefined;
  /** And who reads those files. */
  definitionFiles: DefinitionFiles | undefined;
  nowNs(): bigint;
  /** When processes were started. */
  readonly startClock: StartClock;
  /** Whether there are records that can be written. */
  mayWrite(): boolean;
  /** Root file systems of programs that are run from images. */
  readonly roots: {
    /** How it is mounted. @param chain the image's snapshot @param isNew nothing of an earlier one is wanted @throws where it cannot be made */
    prepare(name: string, chain: string, isNew: boolean): Promise<readonly RootMount[]>;
    /** One that is not there: nothing to do. */
    remove(name: string): Promise<void>;
    /** Of the programs that have one. */
    names(): readonly string[];
  };
  readonly networks: {
    /** Has plugins undo what a program's network may have left in another boot. @returns the exit status of who does that; undefined: it has no network of plugins @throws SysError */
    giveBack(name: string, definition: Definition): Promise<number | undefined>;
  };
  /** The core's request for a program's container. @param rootfs what its root is mounted of, where that is an image's */
  taskOf(name: string, definition: Definition, stdio: StdioPaths, rootfs: readonly RootMount[]): TaskArgs['createTask'];
}

/** Who asks, where that is known. */
export interface Asked {
  readonly by: Requester | undefined;
}
