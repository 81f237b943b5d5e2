import { type Info, Kind, type SnapshotsServer, SnapshotsService } from '../../gen/containerd/services/snapshots/v1/snapshots';
import type { Mount as MountMessage } from '../../gen/containerd/types/mount';
import type { Mount } from '../../../images/mount';
import type { SnapshotInfo, SnapshotKind, Snapshotter } from '../../../images/snapshots/snapshotter';
import type { Logger } from '../../../runtime/logger';
import { type Verb, serverStream, unary } from '../../call';
import { classError } from '../errors';
import { type FieldOf, matches } from '../filter/filter';
import { namespaceOf } from '../namespace';
import { recordEvent } from '../records/face';
import { statusOf } from '../status';
import { timestampOf } from '../time';
import { type ImagesParts, placeOf } from './face';
import { filtersOf, inImageWords } from './image-errors';
import { sendInBlocks } from './in-blocks';
import { maskedLabels } from './label-mask';

export { SnapshotsService };

const kinds: Readonly<Record<SnapshotKind, Kind>> = { view: Kind.VIEW, active: Kind.ACTIVE, committed: Kind.COMMITTED };

/** The service `containerd.services.snapshots.v1.Snapshots`. */
export function snapshotsService({ snapshotters, tell }: ImagesParts, log: Logger): SnapshotsServer {
  const options = (name: string, changes: boolean) => ({ name: `Snapshots/${name}`, log, changes, statusOf });
  const reads = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary<Request, Answer>(options(name, false), (request, info) => inImageWords(() => verb(request, info)));
  const changes = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary<Request, Answer>(options(name, true), (request, info) => inImageWords(() => verb(request, info)));
  const find = (name: string): Snapshotter => {
    if (name === '') throw classError('invalid-argument', 'snapshotter argument missing');
    const found = snapshotters.get(name);
    if (found === undefined) throw classError('invalid-argument', `snapshotter not loaded: ${name}`);
    return found;
  };
  return {
    prepare: changes('Prepare', async ({ snapshotter, key, parent, labels }, { metadata }) => {
      const { namespace, lease } = placeOf(metadata);
      const mounts = await find(snapshotter).prepare(namespace, key, parent, { labels, lease });
      tell(recordEvent('snapshot-prepare', namespace, '', { key, parent, snapshotter }));
      return { mounts: mounts.map(mountMessage) };
    }),
    view: changes('View', async ({ snapshotter, key, parent, labels }, { metadata }) => {
      const { namespace, lease } = placeOf(metadata);
      return { mounts: (await find(snapshotter).view(namespace, key, parent, { labels, lease })).map(mountMessage) };
    }),
    mounts: reads('Mounts', ({ snapshotter, key }, { metadata }) => ({ mounts: find(snapshotter).mounts(namespaceOf(metadata), key).map(mountMessage) })),
    commit: changes('Commit', async ({ snapshotter, name, key, labels }, { metadata }) => {
      const { namespace, lease } = placeOf(metadata);
      await find(snapshotter).commit(namespace, name, key, { labels, lease });
      tell(recordEvent('snapshot-commit', namespace, '', { key, name, snapshotter }));
      return {};
    }),
    remove: changes('Remove', async ({ snapshotter, key }, { metadata }) => {
      const namespace = namespaceOf(metadata);
      await find(snapshotter).remove(namespace, key);
      tell(recordEvent('snapshot-remove', namespace, '', { key, snapshotter }));
      return {};
    }),
    stat: reads('Stat', ({ snapshotter, key }, { metadata }) => ({ info: infoMessage(find(snapshotter).stat(namespaceOf(metadata), key)) })),
    update: changes('Update', async ({ snapshotter, info, update_mask: mask }, { metadata }) => {
      const name = info?.name ?? '';
      const names = maskedLabels(mask, `snapshot ${JSON.stringify(name)}`);
      return { info: infoMessage(await find(snapshotter).updateLabels(namespaceOf(metadata), name, info?.labels ?? new Map(), names)) };
    }),
    list: serverStream(options('List', false), ({ snapshotter, filters }, { metadata }, send) => inImageWords(async () => {
      const parsed = filtersOf(filters);
      const infos = find(snapshotter).list(namespaceOf(metadata)).filter((info) => matches(parsed, fieldsOf(info)));
      await sendInBlocks(infos, send, (block) => ({ info: block.map(infoMessage) }));
    })),
    usage: reads('Usage', async ({ snapshotter, key }, { metadata }) => {
      const { size, inodes } = await find(snapshotter).usage(namespaceOf(metadata), key);
      return { size: BigInt(size), inodes: BigInt(inodes) };
    }),
    cleanup: changes('Cleanup', ({ snapshotter }) => {
      find(snapshotter);
      throw classError('not-implemented', 'snapshotter does not implement Cleanup method');
    }),
  };
}

export function mountMessage({ type, source, options }: Mount): MountMessage {
  return { type, source, target: '', options: [...options] };
}

function infoMessage({ name, parent, kind, labels, createdNs, updatedNs }: SnapshotInfo): Info {
  return { name, parent, kind: kinds[kind], created_at: timestampOf(createdNs), updated_at: timestampOf(updatedNs), labels: new Map(labels) };
}

/** What filters may ask of a snapshot. */
function fieldsOf({ name, parent, kind, labels }: SnapshotInfo): FieldOf {
  return ([first, ...rest]) => {
    if (first === 'labels') return labels.get(rest.join('.'));
    if (rest.length > 0) return undefined;
    return first === 'kind' ? kind : first === 'name' ? name : first === 'parent' ? parent : undefined;
  };
}
