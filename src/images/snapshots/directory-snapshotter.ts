import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { mayYetBeMade } from '../../records/errors';
import { withoutEmpty, type Labels } from '../../records/labels';
import type { Records } from '../../records/records';
import type { SnapshotName, SnapshotRecord } from '../../records/snapshot-record';
import { faultPoint } from '../../sys/fault';
import { Turns } from '../../sys/turns';
import { ImagesError } from '../errors';
import type { FileThread } from '../files/file-thread';
import type { Mount } from '../mount';
import type { CopyTree } from './copy-tree';
import type { SnapshotLayout } from './layout';
import type { SnapshotInfo, SnapshotKind, SnapshotOptions, SnapshotUsage, Snapshotter } from './snapshotter';

export interface SnapshotterParts {
  readonly records: Records;
  /** Directory of all that outlives a boot. */
  readonly root: string;
  /** For what is done in a moment, in the order in which it is asked for, or has others have their turn. */
  readonly quick: FileThread;
  /** For what takes as long as there are files. */
  readonly slow: FileThread;
  readonly copyTree: CopyTree;
  readonly nowNs: () => bigint;
  /** Something has been deleted. */
  readonly onLess: () => void;
  /** A directory whose snapshot is gone could not be removed; `removeStrays` tries again. */
  readonly onNotRemoved: (path: string, error: unknown) => void;
}

const nothing: SnapshotUsage = { size: 0, inodes: 0 };
/** What has this before its number waits to be removed. */
const GONE = 'rm-';

/** Snapshots that are directories. A directory is there before its record, and goes after it: one without a record is removed by `removeStrays`. */
export class DirectorySnapshotter implements Snapshotter {
  readonly name: string;
  readonly #directory: string;
  /** Of each name. */
  readonly #turns = new Turns();
  /** Numbers of directories that are there, and whose records are not yet. */
  readonly #unrecorded = new Set<number>();
  #nextNumber: number | undefined;
  #isMade: Promise<void> | undefined;

  constructor(private readonly layout: SnapshotLayout, private readonly parts: SnapshotterParts) {
    this.name = layout.name;
    this.#directory = join(parts.root, `io.containerd.snapshotter.v1.${layout.name}`, 'snapshots');
  }

  prepare(namespace: string, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]> {
    return this.#make('active', namespace, key, parent, options);
  }

  view(namespace: string, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]> {
    return this.#make('view', namespace, key, parent, options);
  }

  commit(namespace: string, name: string, key: string, { labels = new Map(), lease }: SnapshotOptions = {}): Promise<void> {
    return this.#inTurn(namespace, key, async () => {
      if (name === '') throw new ImagesError('invalid', 'snapshot name must not be empty');
      this.#checkLease(namespace, lease);
      if (this.#find(namespace, name) !== undefined) throw new ImagesError('exists', `snapshot ${JSON.stringify(name)}`);
      const before = this.#existing(namespace, key);
      if (before.kind !== 'active') throw new ImagesError('precondition', `failed to commit snapshot: snapshot ${JSON.stringify(key)} is not active`);
      const { size, inodes } = await this.#measure(before);
      const nowNs = this.parts.nowNs();
      const record: SnapshotRecord = { ...before, name, kind: 'committed', labels: withoutEmpty(labels), size, inodes, createdNs: nowNs, updatedNs: nowNs };
      await this.parts.records.snapshots.commit(namespace, key, record, lease);
    });
  }

  remove(namespace: string, key: string): Promise<void> {
    return this.#inTurn(namespace, key, async () => {
      const { directory } = this.#existing(namespace, key);
      await this.parts.records.snapshots.delete(this.#nameOf(namespace, key));
      this.removeDirectory(directory);
      this.parts.onLess();
    });
  }

  mounts(namespace: string, key: string): readonly Mount[] {
    const record = this.#existing(namespace, key);
    if (record.kind === 'committed') throw new ImagesError('precondition', `failed to get active mount: requested snapshot ${key} not active or view`);
    return this.#mountsOf(namespace, record);
  }

  stat(namespace: string, key: string): SnapshotInfo {
    return this.#existing(namespace, key);
  }

  list(namespace: string): readonly SnapshotInfo[] {
    return this.parts.records.snapshots.list(namespace, this.name);
  }

  async usage(namespace: string, key: string): Promise<SnapshotUsage> {
    const record = this.#existing(namespace, key);
    if (record.kind === 'view') return nothing;
    return record.kind === 'committed' ? { size: record.size, inodes: record.inodes } : this.#measure(record);
  }

  async hasFiles(namespace: string, key: string): Promise<boolean> {
    const { directory } = this.#existing(namespace, key);
    return (await this.parts.quick.call('written', [this.layout.filesOf(this.#pathOf(directory))])) !== undefined;
  }

  restoreFiles(namespace: string, name: string, key: string): Promise<void> {
    return this.#inTurn(namespace, name, async () => {
      // Another one may have been quicker.
      if (await this.hasFiles(namespace, name)) return this.remove(namespace, key);
      const lost = this.#existing(namespace, name).directory;
      const path = this.#pathOf(lost);
      // What is left of it, which rename(2) would not replace.
      await this.#removeTree(path, String(lost));
      await this.parts.quick.call('rename', [this.#pathOf(this.#existing(namespace, key).directory), path]);
      await this.parts.records.snapshots.delete(this.#nameOf(namespace, key));
    });
  }

  updateLabels(namespace: string, key: string, labels: Labels, names: readonly string[] | undefined): Promise<SnapshotInfo> {
    return this.#inTurn(namespace, key, () => this.parts.records.snapshots.updateLabels(this.#nameOf(namespace, key), labels, names, this.parts.nowNs()));
  }

  /** Its record is gone. Nobody waits for it: it may take as long as it has files. */
  removeDirectory(directory: number): void {
    const path = this.#pathOf(directory);
    this.#removeTree(path, String(directory)).catch((error: unknown) => { this.parts.onNotRemoved(path, error); });
  }

  /** Directories that no record tells of: a kill or a power cut came between the two. */
  async removeStrays(): Promise<void> {
    const names = await this.parts.quick.call('names', [this.#directory]);
    const known = new Set([...this.parts.records.snapshots.all(this.name)].map(([, { directory }]) => String(directory)));
    for (const name of names) {
      if (known.has(name) || this.#unrecorded.has(Number(name))) continue;
      const path = join(this.#directory, name);
      this.#removeTree(path, name).catch((error: unknown) => { this.parts.onNotRemoved(path, error); });
    }
  }

  #make(kind: Exclude<SnapshotKind, 'committed'>, namespace: string, key: string, parent: string, { labels = new Map(), lease }: SnapshotOptions = {}): Promise<readonly Mount[]> {
    return this.#inTurn(namespace, key, async () => {
      if (key === '') throw new ImagesError('invalid', 'snapshot key must not be empty');
      this.#checkLease(namespace, lease);
      if (this.#find(namespace, key) !== undefined) throw new ImagesError('exists', `snapshot ${JSON.stringify(key)}`);
      const above = parent === '' ? undefined : this.#parentOf(namespace, parent);
      const directory = await this.#makeDirectory(kind === 'active', above);
      const nowNs = this.parts.nowNs();
      const record: SnapshotRecord = { snapshotter: this.name, name: key, parent, kind, directory, labels: withoutEmpty(labels), createdNs: nowNs, updatedNs: nowNs, ...nothing };
      try {
        if (this.layout.copiesParent && kind === 'active' && above !== undefined) await this.parts.copyTree(this.#pathOf(above.directory), this.#pathOf(directory));
        await this.parts.records.snapshots.create(namespace, record, lease);
        faultPoint('daemon.snapshot.recorded');
      } catch (error) {
        // One that no record comes to tell of is removed after the next start.
        if (mayYetBeMade(error)) throw error;
        this.#unrecorded.delete(directory);
        this.removeDirectory(directory);
        throw error;
      }
      this.#unrecorded.delete(directory);
      return this.#mountsOf(namespace, record);
    });
  }

  #parentOf(namespace: string, parent: string): SnapshotRecord {
    const found = this.#find(namespace, parent);
    if (found === undefined) throw new ImagesError('not-found', `parent snapshot ${parent} does not exist`);
    if (found.kind !== 'committed') throw new ImagesError('invalid', `failed to create snapshot: parent ${JSON.stringify(parent)} is not committed snapshot`);
    return found;
  }

  async #makeDirectory(isWritable: boolean, parent: SnapshotRecord | undefined): Promise<number> {
    await this.#makeOwn();
    this.#nextNumber ??= 1 + [...this.parts.records.snapshots.all(this.name)].reduce((most, [, { directory }]) => Math.max(most, directory), 0);
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const ownerOf = parent === undefined ? '' : this.layout.filesOf(this.#pathOf(parent.directory));
    const made = await this.parts.quick.call('makeSnapshotDirectory', [{ directory: this.#directory, number, parts: this.layout.parts(isWritable), ownerOf }]);
    this.#unrecorded.add(made);
    this.#nextNumber = Math.max(this.#nextNumber, made + 1);
    return made;
  }

  async #makeOwn(): Promise<void> {
    this.#isMade ??= this.parts.quick.call('makeDirectories', [this.#directory]);
    try {
      await this.#isMade;
    } catch (error) {
      this.#isMade = undefined;
      throw error;
    }
  }

  async #removeTree(path: string, name: string): Promise<void> {
    // A name that no other has: one of an earlier life, and of the same number, may still be on its way.
    const gone = name.startsWith(GONE) ? path : join(this.#directory, `${GONE}${name}-${randomUUID()}`);
    faultPoint('daemon.snapshot.before-removal');
    // Its number is free at once, whatever is in it.
    if (gone !== path && !(await this.parts.quick.call('rename', [path, gone]))) return;
    faultPoint('daemon.snapshot.renamed');
    await this.parts.slow.call('removeTree', [gone], [], 'unlimited');
  }

  async #measure({ directory }: SnapshotRecord): Promise<SnapshotUsage> {
    faultPoint('daemon.snapshot.before-measure');
    return this.parts.quick.call('diskUsage', [this.layout.filesOf(this.#pathOf(directory))], [], 'unlimited');
  }

  #mountsOf(namespace: string, record: SnapshotRecord): readonly Mount[] {
    const parents: string[] = [];
    for (let next = record.parent; next !== '';) {
      const parent = this.#existing(namespace, next);
      parents.push(this.#pathOf(parent.directory));
      next = parent.parent;
    }
    return this.layout.mounts({ own: this.#pathOf(record.directory), parents, isWritable: record.kind === 'active' });
  }

  #checkLease(namespace: string, lease: string | undefined): void {
    if (lease !== undefined && !this.parts.records.leases.has(namespace, lease)) throw new ImagesError('not-found', 'lease does not exist');
  }

  #existing(namespace: string, key: string): SnapshotRecord {
    const found = this.#find(namespace, key);
    if (found === undefined) throw new ImagesError('not-found', `snapshot ${key} does not exist`);
    return found;
  }

  #find(namespace: string, key: string): SnapshotRecord | undefined {
    return this.parts.records.snapshots.find(this.#nameOf(namespace, key));
  }

  #nameOf(namespace: string, name: string): SnapshotName {
    return { namespace, snapshotter: this.name, name };
  }

  #inTurn<T>(namespace: string, key: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.run(`${namespace}/${key}`, work);
  }

  #pathOf(directory: number): string {
    return join(this.#directory, String(directory));
  }
}
