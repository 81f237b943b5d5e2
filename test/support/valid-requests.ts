import { ContainersService } from '../../src/api/gen/containerd/services/containers/v1/containers';
import { ContentService, WriteAction, WriteContentRequest } from '../../src/api/gen/containerd/services/content/v1/content';
import { DiffService } from '../../src/api/gen/containerd/services/diff/v1/diff';
import { EventsService } from '../../src/api/gen/containerd/services/events/v1/events';
import { ImagesService } from '../../src/api/gen/containerd/services/images/v1/images';
import { LeasesService } from '../../src/api/gen/containerd/services/leases/v1/leases';
import { NamespacesService } from '../../src/api/gen/containerd/services/namespaces/v1/namespaces';
import { SnapshotsService } from '../../src/api/gen/containerd/services/snapshots/v1/snapshots';
import { TasksService } from '../../src/api/gen/containerd/services/tasks/v1/tasks';
import { ociSpec } from './bundle';
import { containerOf, type Method } from './containerd-client';
import { fc } from './property';

const specType = 'types.containerd.io/opencontainers/runtime-spec/1';

/** Of no bytes. */
export const emptyDigest = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
/** Long enough that no edit makes a directory of this host of it: whoever is asked for a layer of `/` makes one. */
const nowhere = '/nonexistent-and-far-from-any-directory-of-this-host/fs';

/** A request of each method that takes more than a name, as clients send it about the container `id`. By path; each is a message's bytes. */
export function validRequests(id: string): ReadonlyMap<string, Uint8Array> {
  const any = (type_url: string, value: object) => ({ type_url, value: Buffer.from(JSON.stringify(value)) });
  const task = { container_id: id };
  const container = { ...containerOf(id, ociSpec({ args: ['true'] })), labels: new Map([['app', 'web'], ['tier', 'front']]) };
  const event = any(`${specType}/Process`, { args: ['true'] });
  const stdio = { stdin: '', stdout: '/nonexistent/out', stderr: '', terminal: false };
  const process = { ...ociSpec({ args: ['true'] }).process, user: { uid: 1, gid: 1, additionalGids: [2, 3] }, rlimits: [{ type: 'RLIMIT_NOFILE', soft: 10, hard: 20 }] };
  const resources = { memory: { limit: 64 << 20 }, cpu: { shares: 512, quota: 50_000, period: 100_000 }, pids: { limit: 40 } };
  const options = any('containerd.runc.v1.Options', {});
  const creation = {
    ...task, ...stdio, checkpoint: undefined, options, runtime_path: '', task_api_address: '', task_api_version: 0,
    rootfs: [{ type: 'bind', source: '/nonexistent', target: '', options: ['rbind', 'ro'] }, { type: 'overlay', source: 'overlay', target: '', options: ['lowerdir=/nonexistent'] }],
  };
  const labels = new Map([['containerd.io/gc.root', 'now'], ['a', 'b']]);
  const times = { created_at: undefined, updated_at: undefined };
  const layer = { media_type: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: emptyDigest, size: 1n, annotations: new Map([['a', 'b']]) };
  const image = { name: 'image', labels, target: layer, ...times };
  const mount = { type: 'bind', source: nowhere, target: '', options: ['rbind', 'rw'] };
  const overlay = { type: 'overlay', source: 'overlay', target: '', options: [`workdir=${nowhere}/work`, `upperdir=${nowhere}/upper`, `lowerdir=${nowhere}/1:${nowhere}/2`] };
  return new Map([
    bytesOf(ContentService.info, { digest: emptyDigest }),
    bytesOf(ContentService.update, { info: { digest: emptyDigest, size: 0n, labels, ...times }, update_mask: ['labels.a'] }),
    bytesOf(ContentService.list, { filters: [`digest==${emptyDigest}`, 'labels."a"~=/^b/'] }),
    bytesOf(ContentService.read, { digest: emptyDigest, offset: 0n, size: 1n }),
    bytesOf(ContentService.write, { ...WriteContentRequest.fromPartial({}), ref: 'ref', action: WriteAction.COMMIT, total: 0n, expected: emptyDigest, labels }),
    bytesOf(ImagesService.create, { image, source_date_epoch: undefined }),
    bytesOf(ImagesService.update, { image, update_mask: ['labels.a', 'target'], source_date_epoch: undefined }),
    bytesOf(ImagesService.list, { filters: ['name==image,target.digest~=/^sha256/'] }),
    bytesOf(SnapshotsService.prepare, { snapshotter: 'overlayfs', key: 'key', parent: '', labels }),
    bytesOf(SnapshotsService.view, { snapshotter: 'overlayfs', key: 'view', parent: 'committed', labels }),
    bytesOf(SnapshotsService.commit, { snapshotter: 'overlayfs', name: 'committed', key: 'key', labels, parent: '' }),
    bytesOf(SnapshotsService.mounts, { snapshotter: 'overlayfs', key: 'key' }),
    bytesOf(SnapshotsService.usage, { snapshotter: 'overlayfs', key: 'key' }),
    bytesOf(SnapshotsService.update, { snapshotter: 'overlayfs', info: { name: 'key', parent: '', kind: 2, labels, ...times }, update_mask: ['labels.a'] }),
    bytesOf(DiffService.apply, { diff: layer, mounts: [mount], payloads: new Map([['a', any('any/type', {})]]), sync_fs: false }),
    bytesOf(DiffService.diff, { left: [mount], right: [overlay], media_type: '', ref: 'ref', labels, source_date_epoch: undefined }),
    bytesOf(ContainersService.create, { container }),
    bytesOf(ContainersService.update, { container, update_mask: ['labels.app', 'image', 'extensions'] }),
    bytesOf(ContainersService.list, { filters: [`id==${id},labels."app"~=/^w/`, 'runtime.name!=x'] }),
    bytesOf(TasksService.create, creation),
    bytesOf(TasksService.exec, { ...task, exec_id: 'more', ...stdio, spec: any(`${specType}/Process`, process) }),
    bytesOf(TasksService.kill, { ...task, exec_id: 'more', signal: 15, all: false }),
    bytesOf(TasksService.resizePty, { ...task, exec_id: '', width: 80, height: 24 }),
    bytesOf(TasksService.closeIo, { ...task, exec_id: '', stdin: true }),
    bytesOf(TasksService.update, { ...task, resources: any(`${specType}/LinuxResources`, resources), annotations: new Map([['a', 'b']]) }),
    bytesOf(TasksService.metrics, { filters: [`id==${id}`] }),
    bytesOf(NamespacesService.create, { namespace: { name: 'fresh', labels: new Map([['a', 'b']]) } }),
    bytesOf(NamespacesService.update, { namespace: { name: 'fresh', labels: new Map([['a', 'c']]) }, update_mask: ['labels.a'] }),
    bytesOf(LeasesService.create, { id: 'lease', labels: new Map([['containerd.io/gc.expire', '2030-01-01T00:00:00Z']]) }),
    bytesOf(LeasesService.addResource, { id: 'lease', resource: { id: 'sha256:00', type: 'content' } }),
    bytesOf(EventsService.publish, { topic: '/a/b', event }),
    bytesOf(EventsService.forward, { envelope: { timestamp: { seconds: 1n, nanos: 1 }, namespace: 'prey', topic: '/a/b', event } }),
    bytesOf(EventsService.subscribe, { filters: [`topic~="/tasks/",namespace==prey`, 'event.id==x'] }),
  ]);
}

function bytesOf<Request>({ path, requestSerialize }: Method<Request, unknown>, request: Request): readonly [string, Uint8Array] {
  return [path, requestSerialize(request)];
}

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const edit = fc.oneof(
  // Most are still a message then: one other number, name or length.
  { weight: 4, arbitrary: fc.record({ at: place, flip: fc.integer({ min: 1, max: 255 }) }) },
  { weight: 1, arbitrary: fc.record({ at: place, cut: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ at: place, doubled: fc.integer({ min: 1, max: 24 }) }) },
  { weight: 1, arbitrary: fc.record({ at: place, inserted: fc.uint8Array({ minLength: 1, maxLength: 8 }) }) },
);

/** The same message with a few of its bytes changed, cut out, doubled or put in. */
export function mutated(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) => edits.reduce<Uint8Array>((before, one) => {
    const at = Math.floor(one.at * before.length);
    const rest = before.subarray(at);
    if ('flip' in one) return Buffer.concat([before.subarray(0, at), Uint8Array.of((before[at] ?? 0) ^ one.flip), before.subarray(at + 1)]);
    if ('cut' in one) return Buffer.concat([before.subarray(0, at), rest.subarray(one.cut)]);
    if ('doubled' in one) return Buffer.concat([before.subarray(0, at), rest.subarray(0, one.doubled), rest]);
    return Buffer.concat([before.subarray(0, at), one.inserted, rest]);
  }, bytes));
}
