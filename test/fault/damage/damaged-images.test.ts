import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContentService as Content, WriteAction, WriteContentRequest } from '../../../src/api/gen/containerd/services/content/v1/content';
import { LeasesService as Leases } from '../../../src/api/gen/containerd/services/leases/v1/leases';
import { SnapshotsService as Snapshots } from '../../../src/api/gen/containerd/services/snapshots/v1/snapshots';
import { ContainerdClient } from '../../support/containerd-client';
import { digestOf } from '../../support/image-archive';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

const none = new Map<string, string>();
const namespace = 'a';

describeOnHost('the files of images', realContainers, () => {
  let host: TestHost;
  let root: string;
  beforeEach(() => {
    host = new TestHost();
    root = join(host.directory, 'root');
  });
  afterEach(() => host.cleanUp());

  /** A blob and a snapshot of a lease, with a file in the snapshot; and a run of the collector, to its end. */
  const useImages = async (text: string): Promise<void> => {
    const client = new ContainerdClient(host.socketPath);
    try {
      for (const id of ['kept', 'gone']) await client.ask(Leases.create, { id, labels: none }, namespace);
      const data = Buffer.from(text);
      const call = client.duplex(Content.write, namespace, 'kept');
      await call.send(WriteContentRequest.fromPartial({ ref: text, action: WriteAction.STAT }));
      await call.send(WriteContentRequest.fromPartial({ action: WriteAction.COMMIT, data }));
      expect((await call.end()).status).toBe('OK');
      const { mounts } = await client.ask(Snapshots.prepare, { snapshotter: 'overlayfs', key: text, parent: '', labels: new Map([['containerd.io/gc.root', 'yes']]) }, namespace);
      writeFileSync(join(mounts[0]?.source ?? 'no mount', 'file'), text);
      await client.ask(Leases.delete, { id: 'gone', sync: true }, namespace);
    } finally {
      client.close();
    }
  };
  const blobIn = (images: string, text: string): string => readFileSync(join(root, images, 'io.containerd.content.v1.content/blobs/sha256', digestOf(Buffer.from(text)).slice('sha256:'.length)), 'utf8');
  const snapshotFiles = (images: string): string[] => {
    const snapshots = join(root, images, 'io.containerd.snapshotter.v1.overlayfs/snapshots');
    return readdirSync(snapshots).map((name) => readFileSync(join(snapshots, name, 'fs/file'), 'utf8'));
  };

  test.each([
    // The log beside it has all of it still, after a kill: sqlite would mend it.
    ['damaged', (database: string) => {
      rmSync(`${database}-wal`);
      writeFileSync(database, 'no database at all '.repeat(1000));
    }],
    ['removed', (database: string) => { for (const suffix of ['', '-wal', '-shm']) rmSync(database + suffix, { force: true }); }],
  ])('are kept aside where the database of the records was %s: a new one would have all of them for left over', async (_, harm) => {
    await host.startDaemon();
    await useImages('old');
    await host.stopDaemon('SIGKILL');
    harm(join(root, 'holdfast.db'));
    const daemon = await host.startDaemon();
    await useImages('new');
    const asides = readdirSync(root).filter((name) => name.startsWith('images.without-records-'));
    expect(asides).toHaveLength(1);
    const [aside = ''] = asides;
    expect([blobIn(aside, 'old'), snapshotFiles(aside)]).toEqual(['old', ['old']]);
    expect([blobIn('images', 'new'), snapshotFiles('images')]).toEqual(['new', ['new']]);
    expect(daemon.log()).toContain('the records tell nothing of the files of images: they lie aside');
  });

  test("of containerd, whose root ours is in its place, are none of our collector's business", async () => {
    const theirs = ['io.containerd.content.v1.content/blobs/sha256', 'io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs'].map((name) => join(root, name));
    for (const directory of theirs) {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'file'), 'theirs');
    }
    await host.startDaemon();
    await useImages('ours');
    expect(theirs.map((directory) => readFileSync(join(directory, 'file'), 'utf8'))).toEqual(['theirs', 'theirs']);
  });
});
