import { mapList, mapObject, rename, without, withMember } from './edit';
import { isJsonObject, type JsonObject } from '../json';

/** Lifts `linux.resources` to the form of 1.0. */
export function liftResources(resources: JsonObject): JsonObject {
  let lifted = moveOomKiller(resources);
  lifted = mapObject(lifted, 'memory', liftMemory);
  lifted = mapObject(lifted, 'cpu', (cpu) => signed(cpu, ['quota', 'realtimeRuntime']));
  return mapObject(lifted, 'blockIO', liftBlockIo);
}

function moveOomKiller(resources: JsonObject): JsonObject {
  const { disableOOMKiller, memory = {} } = resources;
  if (disableOOMKiller === undefined || !isJsonObject(memory)) return resources;
  return withMember(without(resources, 'disableOOMKiller'), 'memory', { disableOOMKiller, ...memory });
}

function liftMemory(memory: JsonObject): JsonObject {
  const limits = signed(memory, ['limit', 'reservation', 'swap', 'kernel', 'kernelTCP']);
  // -1, "the system's default", which an unsigned member cannot say: 1.0 leaves it out.
  const { swappiness } = signed(limits, ['swappiness']);
  return swappiness === -1 ? without(limits, 'swappiness') : limits;
}

const TWO_TO_63 = 2n ** 63n;
const TWO_TO_64 = 2n ** 64n;

/**
 * Before 1.0 these limits were unsigned, and clients put -1 ("unlimited") into them as
 * 18446744073709551615, which a runtime of today cannot read into its signed ones.
 */
function signed(object: JsonObject, names: readonly string[]): JsonObject {
  return names.reduce((result, name) => {
    const value = result[name];
    if (typeof value !== 'bigint' || value < TWO_TO_63 || value >= TWO_TO_64) return result;
    const negative = value - TWO_TO_64;
    return withMember(result, name, negative >= Number.MIN_SAFE_INTEGER ? Number(negative) : negative);
  }, object);
}

const BLOCK_IO_NAMES: ReadonlyMap<string, string> = new Map([
  ['blkioWeight', 'weight'],
  ['blkioLeafWeight', 'leafWeight'],
  ['blkioWeightDevice', 'weightDevice'],
  ['blkioThrottleReadBpsDevice', 'throttleReadBpsDevice'],
  ['blkioThrottleWriteBpsDevice', 'throttleWriteBpsDevice'],
  ['blkioThrottleReadIOPSDevice', 'throttleReadIOPSDevice'],
  ['blkioThrottleWriteIOPSDevice', 'throttleWriteIOPSDevice'],
  // As runtime-spec 0.1 and 0.2 spelled them.
  ['blkioThrottleReadIopsDevice', 'throttleReadIOPSDevice'],
  ['blkioThrottleWriteIopsDevice', 'throttleWriteIOPSDevice'],
]);

function liftBlockIo(blockIo: JsonObject): JsonObject {
  return mapList(rename(blockIo, BLOCK_IO_NAMES), 'weightDevice', (device) => rename(device, BLOCK_IO_NAMES));
}
