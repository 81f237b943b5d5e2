import { ContainerTable, type NamedContainer } from './container-table';
import { ContentTable } from './content-table';
import type { Db } from './database';
import { DefinitionTable } from './definition-table';
import { HistoryTable } from './history-table';
import { ImageTable } from './image-table';
import type { InNamespace } from './in-namespace';
import { LeaseTable } from './lease-table';
import { NamespaceTable } from './namespace-table';
import { NamedTextTable } from './named-text-table';
import { ProgramEventTable } from './program-event-table';
import { SnapshotTable } from './snapshot-table';
import { StoreDb } from './store-db';
import type { ContentRecord, IngestRecord } from '../content-record';
import type { DefinitionRecord } from '../definition-record';
import type { ImageRecord } from '../image-record';
import type { LeaseRecord, LeaseResource } from '../lease-record';
import type { Labels } from '../labels';
import type { NamedText } from '../named-text';
import type { ProgramEventRecord } from '../program-event-record';
import type { SnapshotRecord } from '../snapshot-record';

/** What is in the database when it is opened. */
export interface Contents {
  readonly namespaces: readonly { readonly name: string; readonly labels: Labels }[];
  readonly containers: readonly NamedContainer[];
  readonly leases: readonly { readonly namespace: string; readonly lease: LeaseRecord; readonly resources: readonly LeaseResource[] }[];
  readonly definitions: readonly DefinitionRecord[];
  readonly programStates: readonly NamedText[];
  readonly programDefinitions: readonly NamedText[];
  readonly programEvents: readonly ProgramEventRecord[];
  readonly eventCursors: readonly NamedText[];
  readonly content: readonly InNamespace<ContentRecord>[];
  readonly ingests: readonly InNamespace<IngestRecord>[];
  readonly images: readonly InNamespace<ImageRecord>[];
  readonly snapshots: readonly InNamespace<SnapshotRecord>[];
}

/** The tables of an open database. */
export class Tables {
  readonly db: StoreDb;
  readonly namespaces: NamespaceTable;
  readonly containers: ContainerTable;
  readonly leases: LeaseTable;
  readonly definitions: DefinitionTable;
  readonly history: HistoryTable;
  readonly programStates: NamedTextTable;
  readonly programDefinitions: NamedTextTable;
  readonly programEvents: ProgramEventTable;
  readonly eventCursors: NamedTextTable;
  readonly content: ContentTable;
  readonly images: ImageTable;
  readonly snapshots: SnapshotTable;

  constructor(db: Db, path: string) {
    this.db = new StoreDb(db, path);
    this.namespaces = new NamespaceTable(this.db);
    this.containers = new ContainerTable(this.db);
    this.leases = new LeaseTable(this.db);
    this.definitions = new DefinitionTable(this.db);
    this.history = new HistoryTable(this.db);
    this.programStates = new NamedTextTable(this.db, 'programs', 'state');
    this.programDefinitions = new NamedTextTable(this.db, 'program_definitions', 'definition');
    this.programEvents = new ProgramEventTable(this.db);
    this.eventCursors = new NamedTextTable(this.db, 'event_cursors', 'cursor');
    this.content = new ContentTable(this.db);
    this.images = new ImageTable(this.db);
    this.snapshots = new SnapshotTable(this.db);
  }

  /** @param onInvalid told of what cannot be read, which is left out */
  contents(onInvalid: (error: unknown) => void): Contents {
    return {
      namespaces: this.namespaces.list(),
      containers: this.containers.list(),
      leases: this.leases.list(),
      definitions: this.definitions.list(onInvalid),
      programStates: this.programStates.list(),
      programDefinitions: this.programDefinitions.list(),
      programEvents: this.programEvents.list(),
      eventCursors: this.eventCursors.list(),
      content: this.content.list(),
      ingests: this.content.listIngests(),
      images: this.images.list(),
      snapshots: this.snapshots.list(),
    };
  }
}
