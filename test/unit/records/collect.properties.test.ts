import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordsError } from '../../../src/records/errors';
import { changes } from '../../../src/records/thread/changes';
import { type Db, openRecords } from '../../../src/records/thread/database';
import { Tables } from '../../../src/records/thread/tables';
import { fc } from '../../support/property';
import { type Model, collectModel, emptyModel } from './collect-model';

/** Histories; HOLDFAST_HISTORIES asks for more. */
const RUNS = Number(process.env['HOLDFAST_HISTORIES'] ?? 300);

const namespace = 'ns';
const snapshotter = 'overlayfs';
const secondNs = 1_000_000_000n;
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
const name = fc.constantFrom(...names);
const blob = fc.constantFrom(...names.map((one) => `c:${one}`));
const anything = fc.constantFrom(...names.flatMap((one) => [`c:${one}`, `s:${one}`]));
const references = fc.array(anything, { maxLength: 2 });
const lease = fc.option(name, { nil: undefined, freq: 2 });
/** Seconds; some leases never end. */
const life = fc.option(fc.integer({ min: 1, max: 3_000 }), { nil: undefined });

const collect = fc.record({ is: fc.constant('collect' as const) });
/** What makes something comes twice as often as what ends something. */
const step = fc.oneof(
  fc.record({ is: fc.constant('blob' as const), ref: name, digest: name, refers: references, isRoot: fc.constant(false), lease: fc.constant(undefined) }),
  fc.record({ is: fc.constant('snapshot' as const), id: name, parent: fc.constant(undefined), refers: references, isRoot: fc.constant(false), lease: fc.constant(undefined) }),
  collect,
  fc.record({ is: fc.constant('lease' as const), id: name, life, isFlat: fc.boolean() }),
  fc.record({ is: fc.constant('end-lease' as const), id: name }),
  fc.record({ is: fc.constant('hold' as const), id: name, what: anything }),
  fc.record({ is: fc.constant('ingest' as const), ref: name, expected: fc.option(name, { nil: undefined }), lease }),
  fc.record({ is: fc.constant('blob' as const), ref: name, digest: name, refers: references, isRoot: fc.boolean(), lease }),
  fc.record({ is: fc.constant('label' as const), what: blob, refers: references }),
  fc.record({ is: fc.constant('image' as const), id: name, digest: name, refers: references }),
  fc.record({ is: fc.constant('end-image' as const), id: name }),
  fc.record({ is: fc.constant('container' as const), id: name, snapshot: name, refers: references }),
  fc.record({ is: fc.constant('end-container' as const), id: name }),
  fc.record({ is: fc.constant('snapshot' as const), id: name, parent: fc.option(name, { nil: undefined }), refers: references, isRoot: fc.boolean(), lease }),
  fc.record({ is: fc.constant('commit' as const), key: name, id: name, refers: references, lease }),
  fc.record({ is: fc.constant('end-snapshot' as const), id: name }),
  fc.record({ is: fc.constant('pass' as const), seconds: fc.constantFrom(10, 1_000, 50_000) }),
  collect,
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function labelsOf(refers: readonly string[], more: Readonly<Record<string, string>> = {}): Map<string, string> {
  const labels = new Map(Object.entries(more));
  for (const [index, thing] of refers.entries()) {
    const kind = thing.startsWith('c:') ? `content.l.${String(index)}` : `snapshot.${snapshotter}/${String(index)}`;
    labels.set(`containerd.io/gc.ref.${kind}`, thing.slice(2));
  }
  return labels;
}

/** The database and the model, side by side. What the database refuses does not happen in the model either. */
class Both {
  nowNs = 1_700_000_000n * secondNs;
  readonly model: Model = emptyModel();
  #numbers = 0;

  constructor(private readonly tables: Tables) {}

  take(next: Step): void {
    try {
      this.tables.db.inOneGo(() => { this.#change(next); });
    } catch (error) {
      if (error instanceof RecordsError) return;
      throw error;
    }
    this.#follow(next);
  }

  /** What is there, in the words of the model. */
  listed(): { things: string[]; leases: string[] } {
    const { content, ingests, snapshots, leases } = this.tables.contents((error) => { throw error; });
    const things = [...content.map(({ record }) => `c:${record.digest}`), ...ingests.map(({ record }) => `i:${record.ref}`), ...snapshots.map(({ record }) => `s:${record.name}`)];
    return { things: things.sort(), leases: leases.map((one) => one.lease.id).sort() };
  }

  #change(next: Step): void {
    const { tables, nowNs } = this;
    const times = { createdNs: nowNs, updatedNs: nowNs };
    const root = (isRoot: boolean): Record<string, string> => (isRoot ? { 'containerd.io/gc.root': 'now' } : {});
    switch (next.is) {
      case 'lease': {
        const expire: Record<string, string> = next.life === undefined ? {} : { 'containerd.io/gc.expire': new Date(Number((nowNs + BigInt(next.life) * secondNs) / 1_000_000n)).toISOString() };
        changes.createLease(tables, namespace, { id: next.id, labels: new Map(Object.entries({ ...expire, ...(next.isFlat ? { 'containerd.io/gc.flat': 'now' } : {}) })), createdNs: nowNs });
        break;
      }
      case 'end-lease':
        changes.deleteLease(tables, namespace, next.id);
        break;
      case 'hold':
        changes.addLeaseResource(tables, namespace, next.id, { type: next.what.startsWith('c:') ? 'content' : `snapshots/${snapshotter}`, id: next.what.slice(2) });
        break;
      case 'ingest':
        changes.putIngest(tables, namespace, { ref: next.ref, total: 0, expected: next.expected ?? '', startedNs: nowNs }, next.lease);
        break;
      case 'blob':
        changes.commitContent(tables, namespace, next.ref, { digest: next.digest, size: 1, labels: labelsOf(next.refers, root(next.isRoot)), ...times }, next.lease);
        break;
      case 'label':
        changes.updateContent(tables, namespace, next.what.slice(2), labelsOf(next.refers), undefined, nowNs);
        break;
      case 'image':
        changes.createImage(tables, namespace, { name: next.id, labels: labelsOf(next.refers), target: { mediaType: 't', digest: next.digest, size: 1, annotations: new Map() }, ...times });
        break;
      case 'end-image':
        changes.deleteImage(tables, namespace, next.id);
        break;
      case 'container':
        changes.createContainer(tables, namespace, {
          id: next.id, labels: labelsOf(next.refers), image: '', runtime: { name: 'r', options: undefined }, spec: undefined, snapshotter, snapshotKey: next.snapshot, sandbox: '', extensions: new Map(), ...times,
        });
        break;
      case 'end-container':
        changes.deleteContainer(tables, namespace, next.id);
        break;
      case 'snapshot':
        changes.createSnapshot(tables, namespace, {
          snapshotter, name: next.id, parent: next.parent ?? '', kind: 'active', directory: (this.#numbers += 1), labels: labelsOf(next.refers, root(next.isRoot)), ...times, size: 0, inodes: 0,
        }, next.lease);
        break;
      case 'commit': {
        const before = tables.snapshots.find({ namespace, snapshotter, name: next.key });
        if (before?.kind !== 'active') throw new RecordsError('not-found', next.key);
        changes.commitSnapshot(tables, namespace, next.key, { ...before, name: next.id, kind: 'committed', labels: labelsOf(next.refers) }, next.lease);
        break;
      }
      case 'end-snapshot':
        changes.deleteSnapshot(tables, { namespace, snapshotter, name: next.id });
        break;
      case 'pass':
        break;
      case 'collect':
        changes.collect(tables, nowNs);
    }
  }

  #follow(next: Step): void {
    const { leases, images, containers, things } = this.model;
    const keep = (id: string | undefined, thing: string): void => { if (id !== undefined) leases.get(id)?.keeps.add(thing); };
    const letGo = (thing: string): void => { for (const { keeps } of leases.values()) keeps.delete(thing); };
    switch (next.is) {
      case 'lease':
        leases.set(next.id, { expiresNs: next.life === undefined ? undefined : this.nowNs + BigInt(next.life) * secondNs, isFlat: next.isFlat, keeps: new Set() });
        break;
      case 'end-lease':
        leases.delete(next.id);
        break;
      case 'hold':
        keep(next.id, next.what);
        break;
      case 'ingest':
        things.set(`i:${next.ref}`, { refers: [], isRoot: false, startedNs: this.nowNs, ...(next.expected === undefined ? {} : { expected: next.expected }) });
        keep(next.lease, `i:${next.ref}`);
        break;
      case 'blob':
        things.set(`c:${next.digest}`, { refers: next.refers, isRoot: next.isRoot });
        things.delete(`i:${next.ref}`);
        letGo(`i:${next.ref}`);
        keep(next.lease, `c:${next.digest}`);
        break;
      case 'label':
        things.set(next.what, { refers: next.refers, isRoot: false });
        break;
      case 'image':
        images.set(next.id, next);
        break;
      case 'end-image':
        images.delete(next.id);
        break;
      case 'container':
        containers.set(next.id, next);
        break;
      case 'end-container':
        containers.delete(next.id);
        break;
      case 'snapshot':
        things.set(`s:${next.id}`, { refers: next.refers, isRoot: next.isRoot, ...(next.parent === undefined ? {} : { parent: next.parent }) });
        keep(next.lease, `s:${next.id}`);
        break;
      case 'commit': {
        const { parent } = things.get(`s:${next.key}`) ?? {};
        things.delete(`s:${next.key}`);
        letGo(`s:${next.key}`);
        things.set(`s:${next.id}`, { refers: next.refers, isRoot: false, ...(parent === undefined ? {} : { parent }) });
        keep(next.lease, `s:${next.id}`);
        break;
      }
      case 'end-snapshot':
        things.delete(`s:${next.id}`);
        letGo(`s:${next.id}`);
        break;
      case 'pass':
        this.nowNs += BigInt(next.seconds) * secondNs;
        break;
      case 'collect':
        collectModel(this.model, this.nowNs);
    }
  }
}

describe('what is taken away', () => {
  let directory: string;
  let db: Db;
  let tables: Tables;

  beforeAll(() => {
    // A history is a few hundred transactions, none of which need be on a disk.
    directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdfast-collect-'));
    ({ db } = openRecords(join(directory, 'holdfast.db'), () => undefined, () => undefined));
    db.exec('PRAGMA synchronous = OFF');
    tables = new Tables(db, 'holdfast.db');
  });
  afterAll(() => {
    db.close();
    rmSync(directory, { recursive: true });
  });

  test(`is what a model of leases, labels and references says, in ${String(RUNS)} histories`, () => {
    let collected = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }), (steps) => {
        for (const table of ['content', 'ingests', 'images', 'snapshots', 'containers', 'leases', 'lease_resources', 'namespaces']) db.exec(`DELETE FROM ${table}`);
        const both = new Both(tables);
        for (const next of [...steps, { is: 'collect' as const }]) {
          const before = next.is === 'collect' ? both.listed().things.length : 0;
          both.take(next);
          if (next.is !== 'collect') continue;
          const { things, leases } = both.listed();
          expect(things).toEqual([...both.model.things.keys()].sort());
          expect(leases).toEqual([...both.model.leases.keys()].sort());
          collected += before - things.length;
        }
      }),
      { numRuns: RUNS },
    );
    // A model that keeps everything, beside a database that does, would agree.
    expect(collected).toBeGreaterThan(RUNS);
  }, Math.max(60_000, RUNS * 200));
});
