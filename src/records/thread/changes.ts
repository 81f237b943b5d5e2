import { collect, type Collected } from './collect';
import type { ContainerRecord } from '../container-record';
import type { ContentRecord, IngestRecord } from '../content-record';
import type { Definition } from '../definition';
import type { DefinitionRecord, NewEnd, Wish } from '../definition-record';
import type { HistoryEntry, NamedHistoryEntry } from '../history-record';
import type { ImageRecord } from '../image-record';
import type { Labels } from '../labels';
import type { LeaseRecord, LeaseResource } from '../lease-record';
import type { NamedText } from '../named-text';
import type { NewProgramEvents } from '../program-event-record';
import type { SnapshotName, SnapshotRecord } from '../snapshot-record';
import type { Tables } from './tables';

/** What can be changed, by its name: each is done whole or not at all, and what it throws has changed nothing. */
export const changes = {
  createContainer({ containers, namespaces }: Tables, namespace: string, record: ContainerRecord): void {
    containers.create(namespace, record);
    namespaces.ensure(namespace);
  },
  replaceContainer({ containers }: Tables, namespace: string, record: ContainerRecord): void {
    containers.replace(namespace, record);
  },
  deleteContainer({ containers }: Tables, namespace: string, id: string): void {
    containers.delete(namespace, id);
  },

  createNamespace({ namespaces }: Tables, name: string, labels: Labels): void {
    namespaces.create(name, labels);
  },
  updateNamespace({ namespaces }: Tables, name: string, labels: Labels, names: readonly string[] | undefined): Labels {
    return namespaces.update(name, labels, names);
  },
  deleteNamespace({ namespaces }: Tables, name: string): void {
    namespaces.delete(name);
  },

  createLease({ leases, namespaces }: Tables, namespace: string, lease: LeaseRecord): void {
    leases.create(namespace, lease);
    namespaces.ensure(namespace);
  },
  deleteLease({ leases }: Tables, namespace: string, id: string): void {
    leases.delete(namespace, id);
  },
  addLeaseResource({ leases }: Tables, namespace: string, id: string, resource: LeaseResource): void {
    leases.addResource(namespace, id, resource);
  },
  deleteLeaseResource({ leases }: Tables, namespace: string, id: string, resource: LeaseResource): void {
    leases.deleteResource(namespace, id, resource);
  },

  /** @param wish absent: what is wished stays */
  putDefinition({ definitions }: Tables, name: string, definition: Definition, nowNs: bigint, wish?: Wish): AsItIsThen {
    definitions.put(name, definition, nowNs);
    if (wish !== undefined) definitions.setWish(name, wish);
    return definitions.find(name);
  },
  deleteDefinition({ definitions, history }: Tables, name: string): AsItIsThen {
    definitions.delete(name);
    history.delete(name);
    return undefined;
  },
  setWish({ definitions }: Tables, name: string, wish: Wish): AsItIsThen {
    definitions.setWish(name, wish);
    return definitions.find(name);
  },
  setStopDeadline({ definitions }: Tables, name: string, deadlineNs: bigint | undefined): AsItIsThen {
    definitions.setStopDeadline(name, deadlineNs);
    return definitions.find(name);
  },
  setFailure({ definitions }: Tables, name: string, failure: string | undefined): AsItIsThen {
    definitions.setFailure(name, failure);
    return definitions.find(name);
  },
  setStarted({ definitions, history }: Tables, name: string, bootId: string, entry: HistoryEntry): AsItIsThen {
    definitions.setStarted(name, bootId, entry.atNs);
    history.add(name, entry);
    return definitions.find(name);
  },
  setOutOfMemory({ definitions, history }: Tables, name: string, entry: HistoryEntry): AsItIsThen {
    definitions.setOutOfMemory(name);
    history.add(name, entry);
    return definitions.find(name);
  },
  setEnd({ definitions, history }: Tables, name: string, end: NewEnd, entry: HistoryEntry): AsItIsThen {
    definitions.setEnd(name, end);
    history.add(name, entry);
    return definitions.find(name);
  },
  addHistory({ history }: Tables, name: string, entry: HistoryEntry): void {
    history.add(name, entry);
  },
  /** Changes nothing: what is asked for here is what has been written until then. */
  readHistory({ history }: Tables, names: readonly string[], most: number): readonly NamedHistoryEntry[] {
    return history.newest(names, most);
  },

  putProgramState({ programStates }: Tables, record: NamedText): void {
    programStates.put(record);
  },
  deleteProgramState({ programStates }: Tables, name: string): void {
    programStates.delete(name);
  },
  /** Where a program stands, and what is told of that: both, or nothing. @param text undefined: it is forgotten @returns the events' ids */
  tellOfProgram({ programStates, programEvents }: Tables, name: string, text: string | undefined, events: NewProgramEvents): readonly number[] {
    if (text === undefined) programStates.delete(name);
    else programStates.put({ name, text });
    return programEvents.add(events);
  },
  tellProgramEvents({ programEvents }: Tables, events: NewProgramEvents): readonly number[] {
    return programEvents.add(events);
  },
  dropProgramEvents({ programEvents }: Tables, throughId: number): void {
    programEvents.dropThrough(throughId);
  },
  putEventCursor({ eventCursors }: Tables, record: NamedText): void {
    eventCursors.put(record);
  },
  deleteEventCursor({ eventCursors }: Tables, name: string): void {
    eventCursors.delete(name);
  },
  putProgramDefinition({ programDefinitions }: Tables, record: NamedText): void {
    programDefinitions.put(record);
  },
  deleteProgramDefinition({ programDefinitions }: Tables, name: string): void {
    programDefinitions.delete(name);
  },

  putIngest({ content, leases, namespaces }: Tables, namespace: string, ingest: IngestRecord, lease: string | undefined): void {
    leases.keep(namespace, lease, { type: 'ingests', id: ingest.ref });
    content.putIngest(namespace, ingest);
    namespaces.ensure(namespace);
  },
  deleteIngest({ content, leases }: Tables, namespace: string, ref: string): void {
    content.deleteIngest(namespace, ref);
    leases.forgetResource(namespace, { type: 'ingests', id: ref });
  },
  commitContent({ content, leases, namespaces }: Tables, namespace: string, ref: string, record: ContentRecord, lease: string | undefined): void {
    leases.keep(namespace, lease, { type: 'content', id: record.digest });
    content.create(namespace, record);
    content.deleteIngest(namespace, ref);
    leases.forgetResource(namespace, { type: 'ingests', id: ref });
    namespaces.ensure(namespace);
  },
  updateContent({ content }: Tables, namespace: string, digest: string, labels: Labels, names: readonly string[] | undefined, nowNs: bigint): ContentRecord {
    return content.updateLabels(namespace, digest, labels, names, nowNs);
  },
  deleteContent({ content }: Tables, namespace: string, digest: string): void {
    content.delete(namespace, digest);
  },

  createImage({ images, namespaces }: Tables, namespace: string, record: ImageRecord): void {
    images.create(namespace, record);
    namespaces.ensure(namespace);
  },
  replaceImage({ images }: Tables, namespace: string, record: ImageRecord): void {
    images.replace(namespace, record);
  },
  deleteImage({ images }: Tables, namespace: string, name: string): void {
    images.delete(namespace, name);
  },

  createSnapshot({ snapshots, leases, namespaces }: Tables, namespace: string, record: SnapshotRecord, lease: string | undefined): void {
    leases.keep(namespace, lease, { type: `snapshots/${record.snapshotter}`, id: record.name });
    snapshots.create(namespace, record);
    namespaces.ensure(namespace);
  },
  commitSnapshot({ snapshots, leases }: Tables, namespace: string, key: string, record: SnapshotRecord, lease: string | undefined): void {
    const type = `snapshots/${record.snapshotter}`;
    leases.keep(namespace, lease, { type, id: record.name });
    snapshots.commit(namespace, key, record);
    leases.forgetResource(namespace, { type, id: key });
  },
  updateSnapshot({ snapshots }: Tables, name: SnapshotName, labels: Labels, names: readonly string[] | undefined, nowNs: bigint): SnapshotRecord {
    return snapshots.updateLabels(name, labels, names, nowNs);
  },
  deleteSnapshot({ snapshots, leases }: Tables, name: SnapshotName): void {
    snapshots.delete(name);
    leases.forgetResource(name.namespace, { type: `snapshots/${name.snapshotter}`, id: name.name });
  },

  /** Takes away what nothing keeps. */
  collect(tables: Tables, nowNs: bigint): Collected {
    return collect(tables, nowNs);
  },
} as const;

/** A program's record after the change; undefined where there is none. */
type AsItIsThen = DefinitionRecord | undefined;

type Changes = typeof changes;
export type ChangeName = keyof Changes;
export type ChangeArgs<Name extends ChangeName> = Parameters<Changes[Name]> extends [Tables, ...infer Args] ? Args : never;
export type ChangeResult<Name extends ChangeName> = ReturnType<Changes[Name]>;
