import { type ServiceError } from '@grpc/grpc-js';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContentService as Content, WriteAction, WriteContentRequest } from '../../../src/api/gen/containerd/services/content/v1/content';
import { DiffService as Diff } from '../../../src/api/gen/containerd/services/diff/v1/diff';
import { ImagesService as Images } from '../../../src/api/gen/containerd/services/images/v1/images';
import { LeasesService as Leases } from '../../../src/api/gen/containerd/services/leases/v1/leases';
import { SnapshotsService as Snapshots } from '../../../src/api/gen/containerd/services/snapshots/v1/snapshots';
import type { Mount } from '../../../src/api/gen/containerd/types/mount';
import type { ContainerdClient } from '../../support/containerd-client';
import { digestOf, imageOf } from '../../support/image-archive';
import type { TaskHost } from '../../support/task-host';
import { until } from '../../support/until';
import type { TaskOrdeal } from '../matrix/task-ordeal';

const none: Map<string, string> = new Map<string, string>();
const snapshotter = 'overlayfs';
const name = 'example.org/image:1';
const image = imageOf(name, [
  [{ name: 'd', directory: true }, ...Array.from({ length: 40 }, (_, at) => ({ name: `d/${String(at)}`, bytes: Buffer.alloc(20_000, String(at)) }))],
  [{ name: 'second', bytes: Buffer.from('of the second layer\n') }],
]);
const [lower = Buffer.alloc(0), upper = Buffer.alloc(0)] = image.layers;
const [lowerId = '', upperId = ''] = image.diffIds;
const topChain = digestOf(Buffer.from(`${lowerId} ${upperId}`));
const layers = [
  { blob: lower, diffId: lowerId, parent: '', chain: lowerId },
  { blob: upper, diffId: upperId, parent: lowerId, chain: topChain },
];

/** What goes wrong is a step of the collector's, too: then nobody may wait for its run, which is told of its failure after the deletion was made. */
interface Waiting {
  readonly sync: boolean;
}

/**
 * An image from its import to its removal, as ctr does it: blobs, a name, layers unpacked and committed, a snapshot of its own to run from, and what a client has left
 * half done to be collected. After each of it the files are looked at: none without a record, no record without its files.
 */
export async function imageLife(ordeal: TaskOrdeal, { sync }: Waiting): Promise<void> {
  const steps = new ImageSteps(ordeal, sync);
  await steps.lease('import');
  for (const blob of [lower, upper, image.config]) await steps.blob(blob, 'import');
  await steps.blob(image.manifest, 'import', new Map([['containerd.io/gc.ref.content.config', digestOf(image.config)], ...image.layers.map((blob, at) => [`containerd.io/gc.ref.content.l.${String(at)}`, digestOf(blob)] as const)]));
  await steps.blob(Buffer.from('nothing keeps this'), 'import');
  await steps.half('import');
  await steps.snapshot('left', '', none, 'import');
  await steps.name();
  await steps.release('import');
  await steps.untilFilesAre({ blobs: [lower, upper, image.config, image.manifest], snapshots: 0 });

  await steps.lease('unpack');
  for (const layer of layers) await steps.unpack(layer, 'unpack');
  await steps.label(digestOf(image.config), `containerd.io/gc.ref.snapshot.${snapshotter}`, topChain);
  await steps.release('unpack');
  await steps.snapshot('own', topChain, new Map([['containerd.io/gc.root', 'now']]));
  await steps.untilFilesAre({ blobs: [lower, upper, image.config, image.manifest], snapshots: 3 });
  await steps.checkLayers('own');

  await steps.removeSnapshot('own');
  await steps.removeName();
  await steps.untilFilesAre({ blobs: [], snapshots: 0 });
}

/** The steps of one client, each until it is done, and once more. */
class ImageSteps {
  constructor(private readonly ordeal: TaskOrdeal, private readonly sync: boolean) {}

  async lease(id: string): Promise<void> {
    await this.ordeal.settle({
      what: `the lease ${id}`,
      ask: (tasks) => tasks.ask(Leases.create, { id, labels: none }),
      isDone: async (tasks) => (await tasks.ask(Leases.list, { filters: [`id==${id}`] })).leases.length > 0,
      again: `6 lease "${id}": already exists`,
    });
  }

  async release(id: string): Promise<void> {
    await this.ordeal.settle({
      what: `the end of the lease ${id}`,
      ask: (tasks) => tasks.ask(Leases.delete, { id, sync: this.sync }),
      isDone: async (tasks) => (await tasks.ask(Leases.list, { filters: [`id==${id}`] })).leases.length === 0,
      again: `5 lease "${id}": not found`,
    });
  }

  async blob(bytes: Buffer, lease: string, labels: ReadonlyMap<string, string> = none, ref = `put-${digestOf(bytes)}`): Promise<void> {
    const digest = digestOf(bytes);
    await this.ordeal.settle({
      what: `the blob ${digest}`,
      ask: (tasks) => put(tasks.client, tasks.namespace, bytes, { lease, ref, labels: new Map(labels) }),
      isDone: (tasks) => isThere(tasks.ask(Content.info, { digest })),
      again: `6 content ${digest}: already exists`,
    });
    const { info } = await this.ordeal.ask((tasks) => tasks.ask(Content.info, { digest }));
    expect([info?.size, new Map(info?.labels)]).toEqual([BigInt(bytes.length), labels]);
    await this.checkBlob(bytes);
    await this.ordeal.ask(async (tasks) => { expect((await tasks.ask(Content.listStatuses, { filters: [`ref==${ref}`] })).statuses).toEqual([]); });
  }

  async checkBlob(bytes: Buffer): Promise<void> {
    const pieces = await this.ordeal.ask((tasks) => tasks.client.all(Content.read, { digest: digestOf(bytes), offset: 0n, size: 0n }, tasks.namespace));
    expect(digestOf(Buffer.concat(pieces.map(({ data }) => data)))).toBe(digestOf(bytes));
  }

  /** A blob that is begun, and given up. */
  async half(lease: string): Promise<void> {
    await this.#untilDone(async (tasks) => {
      const call = tasks.client.duplex(Content.write, tasks.namespace, lease);
      answered(await call.send(request({ ref: 'half', total: 10n })));
      answered(await call.send(request({ action: WriteAction.WRITE, data: Buffer.from('half') })));
      expect((await call.end()).status).toBe('OK');
    });
    await this.ordeal.settle({
      what: 'the end of half a blob',
      ask: (tasks) => tasks.ask(Content.abort, { ref: 'half' }),
      isDone: async (tasks) => !(await isThere(tasks.ask(Content.status, { ref: 'half' }))),
      again: '5 reference half: not found',
    });
  }

  async name(): Promise<void> {
    const target = { media_type: 'application/vnd.oci.image.manifest.v1+json', digest: digestOf(image.manifest), size: BigInt(image.manifest.length), annotations: none };
    await this.ordeal.settle({
      what: 'the name of the image',
      ask: (tasks) => tasks.ask(Images.create, { image: { name, labels: none, target, created_at: undefined, updated_at: undefined }, source_date_epoch: undefined }),
      isDone: (tasks) => isThere(tasks.ask(Images.get, { name })),
      again: `6 image "${name}": already exists`,
    });
  }

  async removeName(): Promise<void> {
    await this.ordeal.settle({
      what: 'the removal of the image',
      ask: (tasks) => tasks.ask(Images.delete, { name, sync: this.sync, target: undefined }),
      isDone: async (tasks) => !(await isThere(tasks.ask(Images.get, { name }))),
      again: `5 image "${name}": not found`,
    });
  }

  async label(digest: string, key: string, value: string): Promise<void> {
    const info = { digest, size: 0n, labels: new Map([[key, value]]), created_at: undefined, updated_at: undefined };
    await this.#untilDone((tasks) => tasks.ask(Content.update, { info, update_mask: [`labels.${key}`] }));
  }

  async snapshot(key: string, parent: string, labels: ReadonlyMap<string, string>, lease?: string): Promise<void> {
    await this.ordeal.settle({
      what: `the snapshot ${key}`,
      ask: (tasks) => tasks.client.ask(Snapshots.prepare, { snapshotter, key, parent, labels: new Map(labels) }, tasks.namespace, lease),
      isDone: (tasks) => isThere(tasks.ask(Snapshots.stat, { snapshotter, key })),
      again: `6 snapshot "${key}": already exists`,
    });
    const [mount] = await this.#mountsOf(key);
    const own = mount?.type === 'bind' ? mount.source : optionOf(mount, 'upperdir');
    expect(readdirSync(own)).toEqual([]);
  }

  async removeSnapshot(key: string): Promise<void> {
    await this.ordeal.settle({
      what: `the removal of the snapshot ${key}`,
      ask: (tasks) => tasks.ask(Snapshots.remove, { snapshotter, key }),
      isDone: async (tasks) => !(await isThere(tasks.ask(Snapshots.stat, { snapshotter, key }))),
      again: `5 snapshot ${key} does not exist: not found`,
    });
  }

  async unpack({ blob, diffId, parent, chain }: (typeof layers)[number], lease: string): Promise<void> {
    const key = `extract ${chain}`;
    await this.snapshot(key, parent, none, lease);
    const mounts = await this.#mountsOf(key);
    const diff = { media_type: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digestOf(blob), size: BigInt(blob.length), annotations: none };
    const { applied } = await this.#untilDone((tasks) => tasks.ask(Diff.apply, { diff, mounts, payloads: new Map(), sync_fs: false }));
    expect(applied?.digest).toBe(diffId);
    await this.ordeal.settle({
      what: `the commit of ${chain}`,
      ask: (tasks) => tasks.client.ask(Snapshots.commit, { snapshotter, name: chain, key, parent: '', labels: none }, tasks.namespace, lease),
      isDone: (tasks) => isThere(tasks.ask(Snapshots.stat, { snapshotter, key: chain })),
      again: `6 snapshot "${chain}": already exists`,
    });
    expect(await this.ordeal.ask((tasks) => isThere(tasks.ask(Snapshots.stat, { snapshotter, key })))).toBe(false);
    expect((await this.ordeal.ask((tasks) => tasks.ask(Snapshots.usage, { snapshotter, key: chain }))).inodes).toBe(BigInt(chain === topChain ? 2 : 42));
  }

  /** What is mounted for a snapshot of the image has all the files of its layers. */
  async checkLayers(key: string): Promise<void> {
    const [mount] = await this.#mountsOf(key);
    const [top = '', bottom = ''] = optionOf(mount, 'lowerdir').split(':');
    expect(readFileSync(join(top, 'second'), 'utf8')).toBe('of the second layer\n');
    for (let at = 0; at < 40; at += 1) expect(readFileSync(join(bottom, 'd', String(at)))).toEqual(Buffer.alloc(20_000, String(at)));
    writeFileSync(join(optionOf(mount, 'upperdir'), 'own'), 'of the container');
  }

  /** The files that there are, in a while: those of the records, and no others. */
  async untilFilesAre({ blobs, snapshots }: { readonly blobs: readonly Buffer[]; readonly snapshots: number }): Promise<void> {
    const wanted = { blobs: blobs.map(digestOf).sort(), ingests: [], snapshots, others: [], files: { blobs: blobs.map((blob) => digestOf(blob).slice('sha256:'.length)).sort(), ingests: [], snapshots } };
    const seen = () => this.ordeal.ask(async (tasks) => {
      const infos = (await tasks.client.all(Content.list, { filters: [] }, tasks.namespace)).flatMap(({ info }) => info);
      const { statuses } = await tasks.ask(Content.listStatuses, { filters: [] });
      const kept = (await tasks.client.all(Snapshots.list, { snapshotter, filters: [] }, tasks.namespace)).flatMap(({ info }) => info);
      const directories = this.#names('snapshotter.v1.overlayfs/snapshots');
      return {
        blobs: infos.map(({ digest }) => digest).sort(),
        ingests: statuses.map(({ ref }) => ref),
        snapshots: kept.length,
        others: directories.filter((one) => !/^\d+$/.test(one)),
        files: { blobs: this.#names('content.v1.content/blobs/sha256'), ingests: this.#names('content.v1.content/ingest'), snapshots: directories.filter((one) => /^\d+$/.test(one)).length },
      };
    });
    await until('the files to be those of the records', seen, (found) => JSON.stringify(found) === JSON.stringify(wanted));
  }

  #names(place: string): string[] {
    return readdirSync(join(this.ordeal.ordeal.host.directory, 'root/images', `io.containerd.${place}`)).sort();
  }

  async #mountsOf(key: string): Promise<Mount[]> {
    return (await this.ordeal.ask((tasks) => tasks.ask(Snapshots.mounts, { snapshotter, key }))).mounts;
  }

  /** What may be asked for as often as one likes. */
  async #untilDone<T>(ask: (tasks: TaskHost) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.ordeal.ask(ask);
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  }
}

/** Writes a blob in two pieces, from where somebody has left it. */
export async function put(client: ContainerdClient, namespace: string, bytes: Buffer, { lease, ref, labels }: { readonly lease: string; readonly ref: string; readonly labels: Map<string, string> }): Promise<void> {
  const expected = digestOf(bytes);
  const total = BigInt(bytes.length);
  const call = client.duplex(Content.write, namespace, lease);
  try {
    const { offset } = answered(await call.send(request({ ref, total, expected })));
    let at = Number(offset);
    const middle = at + Math.ceil((bytes.length - at) / 2);
    if (middle > at) at = Number(answered(await call.send(request({ action: WriteAction.WRITE, data: bytes.subarray(at, middle), offset: BigInt(at) }))).offset);
    answered(await call.send(request({ action: WriteAction.COMMIT, data: bytes.subarray(at), offset: BigInt(at), total, expected, labels })));
    const { status } = await call.end();
    if (status !== 'OK') answered(status);
  } finally {
    call.cancel();
  }
}

function request(fields: Partial<WriteContentRequest>): WriteContentRequest {
  return { ...WriteContentRequest.fromPartial({}), ...fields };
}

/** @throws as a call that is refused does */
function answered<T>(answer: T | string): T {
  if (typeof answer !== 'string') return answer;
  const [code = '', ...words] = answer.split(' ');
  throw Object.assign(new Error(answer), { code: Number(code), details: words.join(' ') });
}

function optionOf(mount: Mount | undefined, key: string): string {
  return mount?.options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1) ?? '';
}

async function isThere(found: Promise<unknown>): Promise<boolean> {
  try {
    await found;
    return true;
  } catch (error) {
    if ((error as ServiceError).code === 5) return false;
    throw error;
  }
}
