import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAMS_NAMESPACE } from '../programs/name';
import type { ContainerRecord } from '../records/container-record';
import type { Records } from '../records/records';
import { nameOf } from '../runtime/state-dir/container-key';
import type { Context } from '../supervisor/context';

const specType = 'types.containerd.io/opencontainers/runtime-spec/1/Spec';

/**
 * Where the records are gone, the tasks that are there get some again: clients find a task by its container's record, and none may
 * run without somebody who can end and delete it. The spec is that of the task's bundle, byte for byte; labels, image, extensions and runtime options are lost.
 * Where the records cannot be written, these are for the daemon's life.
 */
export async function rebuildRecords({ containers, refusal }: Records, { table, tools, log }: Context): Promise<void> {
  for (const { id: key, isKept } of table.values()) {
    const { namespace, id } = nameOf(key);
    if (!isKept || namespace === PROGRAMS_NAMESPACE || containers.find(namespace, id) !== undefined) continue;
    try {
      const value = readFileSync(join(tools.stateDir.ownBundle(key), 'config.json'));
      const nowNs = BigInt(Date.now()) * 1_000_000n;
      const record: ContainerRecord = {
        id, labels: new Map(), image: '', runtime: { name: 'io.containerd.runc.v2', options: undefined }, spec: { type: specType, value },
        snapshotter: '', snapshotKey: '', sandbox: '', extensions: new Map(), createdNs: nowNs, updatedNs: nowNs,
      };
      if (refusal === undefined) await containers.create(namespace, record);
      else containers.load(namespace, record);
      log.warn({ id: key }, 'a task whose record is gone has another, made of its bundle');
    } catch (error) {
      log.error({ id: key, err: error }, 'a task has no record, and none can be made');
    }
  }
}
