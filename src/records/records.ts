import { randomUUID } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { Containers } from './containers';
import { Content } from './content';
import { Definitions } from './definitions';
import { Images } from './images';
import { Leases } from './leases';
import { Namespaces } from './namespaces';
import { NamedTexts } from './named-texts';
import { ProgramEvents } from './program-events';
import { Snapshots } from './snapshots';
import type { Collected } from './thread/collect';
import type { Contents } from './thread/tables';
import { Writer, type WriterNotices } from './writer';

/**
 * What outlives a boot: one SQLite database under `--root`. A thread of its own has it (`thread/`), and what is in it is here, too: so reading
 * waits for nobody, and a disk that hangs or fails costs those who change something, and nobody else.
 */
export class Records {
  readonly namespaces: Namespaces;
  readonly containers: Containers;
  readonly leases: Leases;
  readonly definitions: Definitions;
  /** Where each program of the agent stands, and what is to be done with it. */
  readonly programStates: NamedTexts;
  /** What the agent's programs are defined as: that which is in use. */
  readonly programDefinitions: NamedTexts;
  /** What has happened to programs, for those who are told of it. */
  readonly programEvents: ProgramEvents;
  /** How far each of those is. */
  readonly eventCursors: NamedTexts;
  readonly content: Content;
  readonly images: Images;
  readonly snapshots: Snapshots;
  readonly #writer: Writer;
  #isNew = false;
  #hadFiles = false;
  #refusal: string | undefined;
  #uuid = '';

  /** Begins to open them. @param thread a new one, see `startRecordsThread` @param root their directory, made where it is missing */
  constructor(thread: Worker, root: string, notices: WriterNotices) {
    this.#writer = new Writer(thread, root, notices);
    this.namespaces = new Namespaces(this.#writer);
    this.containers = new Containers(this.#writer, this.namespaces);
    this.leases = new Leases(this.#writer, this.namespaces);
    this.definitions = new Definitions(this.#writer);
    this.content = new Content(this.#writer, this.namespaces, this.leases);
    this.images = new Images(this.#writer, this.namespaces);
    this.snapshots = new Snapshots(this.#writer, this.namespaces, this.leases);
    this.programStates = new NamedTexts(this.#writer, { put: 'putProgramState', delete: 'deleteProgramState' });
    this.programDefinitions = new NamedTexts(this.#writer, { put: 'putProgramDefinition', delete: 'deleteProgramDefinition' });
    this.programEvents = new ProgramEvents(this.#writer, this.programStates);
    this.eventCursors = new NamedTexts(this.#writer, { put: 'putEventCursor', delete: 'deleteEventCursor' });
  }

  /** There was no database before, or none that could be used. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** Why nothing can be written as long as this daemon lives; undefined: it can. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Blobs or snapshots have files beside the records; or had some, when the records were opened: a kill may have left what no record tells of any more. */
  get hasFiles(): boolean {
    return this.#hadFiles || !this.content.isEmpty || !this.snapshots.isEmpty;
  }

  /** The daemon's, by which clients know it again. */
  get uuid(): string {
    return this.#uuid;
  }

  /** To be waited for before anything is read. Where they cannot be used, what could be read of them is there, and all changes are refused. */
  async open(): Promise<void> {
    const opened = await this.#writer.open();
    this.#isNew = opened.is === 'open' && opened.isNew;
    this.#refusal = opened.is === 'open' ? undefined : opened.reason;
    this.#hadFiles = opened.is === 'open' && opened.hasImageFiles;
    this.#uuid = opened.is === 'open' ? opened.uuid : randomUUID();
    if (opened.contents !== undefined) this.#load(opened.contents);
  }

  /**
   * Takes away what nothing keeps (reachable.ts), of all namespaces in one go: no change comes between what is looked at and what is taken away.
   * @param nowNs nanoseconds since 1970 @throws RecordsError
   */
  collect(nowNs: bigint): Promise<Collected> {
    return this.#writer.change('collect', [nowNs], ({ leases, content, ingests, snapshots }) => {
      for (const { namespace, id } of leases) this.leases.forget(namespace, id);
      for (const { namespace, digest } of content) this.content.forget(namespace, digest);
      for (const { namespace, ref } of ingests) this.content.forgetIngest(namespace, ref);
      for (const snapshot of snapshots) this.snapshots.forget(snapshot);
    });
  }

  /** @returns whether nothing of them is left that could hold up the end of this process. May be called twice. */
  close(): Promise<boolean> {
    return this.#writer.close();
  }

  #load({ namespaces, containers, leases, definitions, programStates, programDefinitions, programEvents, eventCursors, content, ingests, images, snapshots }: Contents): void {
    for (const { name, labels } of namespaces) this.namespaces.load(name, labels);
    for (const { namespace, record } of containers) this.containers.load(namespace, record);
    for (const { namespace, lease, resources } of leases) this.leases.load(namespace, lease, resources);
    for (const definition of definitions) this.definitions.load(definition);
    for (const state of programStates) this.programStates.load(state);
    for (const definition of programDefinitions) this.programDefinitions.load(definition);
    for (const event of programEvents) this.programEvents.load(event);
    for (const cursor of eventCursors) this.eventCursors.load(cursor);
    for (const { namespace, record } of content) this.content.load(namespace, record);
    for (const { namespace, record } of ingests) this.content.loadIngest(namespace, record);
    for (const { namespace, record } of images) this.images.load(namespace, record);
    for (const { namespace, record } of snapshots) this.snapshots.load(namespace, record);
  }
}
