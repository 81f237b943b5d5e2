import type { ContainerdFace } from '../api/containerd/face';
import type { ImageRoom } from '../images/image-room';
import { printJson } from '../runtime/json';
import { INIT, type StateDir } from '../runtime/state-dir/layout';
import { LEGACY_NAMESPACE, keyOf, nameOf } from '../runtime/state-dir/container-key';
import type { Records } from '../records/records';
import type { ContainerRecord } from '../records/container-record';
import type { Context } from '../supervisor/context';
import type { ContainerView } from '../supervisor/container';
import type { Supervisor } from '../supervisor/supervisor';
import { runtimeRootOf } from './runtime-root';
import type { Settings } from './settings';

export interface ContainerdParts {
  readonly supervisor: Supervisor;
  readonly context: Context;
  readonly records: Records;
  readonly images: ImageRoom;
  readonly stateDir: StateDir;
  readonly settings: Settings;
}

/** What the face of the containerd API is given. */
export function containerdFace({ supervisor, context, records, images, stateDir, settings }: ContainerdParts): ContainerdFace {
  const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;
  const legacyContainers = async (): Promise<readonly ContainerRecord[]> =>
    (await supervisor.request('getContainers', { id: '', namespace: LEGACY_NAMESPACE })).map(recordOfLegacy);
  return {
    records: {
      records,
      collector: images.collector,
      nowNs,
      tell: (event) => { context.publisher.tell(event); },
    },
    legacyContainers,
    images: { content: images.content, snapshotters: images.snapshotters, collector: images.collector, diff: images.layers },
    tasks: {
      supervisor,
      records: {
        find: (name) => {
          const record = records.containers.find(name.namespace, name.id);
          if (record === undefined) return undefined;
          const { id, runtime: { name: runtime, options }, spec } = record;
          return { id, runtime: { name: runtime, options: options && { type_url: options.type, value: options.value } }, spec: spec && { type_url: spec.type, value: spec.value } };
        },
      },
      checkpoints: images.checkpoints,
      shim: settings.shim,
      runtimeRoot: runtimeRootOf(stateDir),
      ownBundle: (name) => stateDir.ownBundle(keyOf(name)),
    },
  };
}

/** What a client of the containerd API sees of a container that the legacy API made. */
function recordOfLegacy({ id, record, processes }: ContainerView): ContainerRecord {
  const spec = processes.find((process) => process.id === INIT)?.record?.spec;
  return {
    id: nameOf(id).id,
    labels: new Map(record.labels.map((label) => splitLabel(label))),
    image: '',
    runtime: { name: record.runtime, options: undefined },
    spec: { type: 'types.containerd.io/opencontainers/runtime-spec/1/Spec', value: Buffer.from(printJson({ process: spec })) },
    snapshotter: '',
    snapshotKey: '',
    sandbox: '',
    extensions: new Map(),
    createdNs: 0n,
    updatedNs: 0n,
  };
}

/** The legacy API's labels are one text each. */
function splitLabel(label: string): [string, string] {
  const at = label.indexOf('=');
  return at < 0 ? [label, ''] : [label.slice(0, at), label.slice(at + 1)];
}
