import { existsSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../sys/thrown';
import { type ContainerCgroup, directoryOf } from '../cgroups/cgroup';
import type { Fields } from '../fields';
import { isJsonInteger, type JsonInteger } from '../json';
import { allowOnly, hostError } from './host-error';

/** A file of a controller's directory, of each version, and what is written to it. */
interface Limit {
  readonly controller: string;
  /** For messages: the member of the resources. */
  readonly name: string;
  /** The first of these that is there. */
  readonly v1?: { readonly files: readonly string[]; readonly text: string };
  readonly v2?: { readonly files: readonly string[]; readonly text: string };
}

const known = {
  resources: ['memory', 'cpu', 'pids', 'blockIO', 'unified'],
  memory: ['limit', 'reservation', 'swap'],
  cpu: ['shares', 'quota', 'period', 'cpus', 'mems'],
  pids: ['limit'],
  blockIO: ['weight'],
} as const;

const PERIOD_US = 100_000;

/**
 * Sets a host program's limits: the OCI `linux.resources` of its spec or of an update; what is not named stays as it is. Not on this
 * thread: where less memory is allowed than is used, the write lasts until some is given back.
 * @param options.isNew nobody is in the cgroup yet, so that nothing has to be given back: it is done before this returns
 * @throws RuntimeError `host-program` for what cannot be had, here or at all
 */
export async function writeLimits(cgroup: ContainerCgroup, resources: Fields, { isNew = false } = {}): Promise<void> {
  const limits = limitsOf(resources);
  const write = (limit: Limit): Promise<void> => writeLimit(cgroup, limit, isNew ? atOnce : aside);
  for (const [at, limit] of limits.entries()) {
    try {
      await write(limit);
    } catch (error) {
      // Version 1: memory and swap together are never less than memory, so whichever way it goes one of the two has to be first.
      const next = limits[at + 1];
      if (limit.name !== 'memory.limit' || next?.name !== 'memory.swap') throw error;
      await write(next);
      await write(limit);
    }
  }
}

/** Whether a cpuset is asked for. */
export function wantsCpuset(resources: Fields | undefined): boolean {
  const cpu = resources?.optionalObject('cpu');
  return (cpu?.optionalString('cpus') ?? '') !== '' || (cpu?.optionalString('mems') ?? '') !== '';
}

type Write = (path: string, text: string) => void | Promise<void>;

const aside: Write = (path, text) => writeFile(path, text, { flag: 'r+' });
const atOnce: Write = (path, text) => { writeFileSync(path, text, { flag: 'r+' }); };

async function writeLimit(cgroup: ContainerCgroup, { controller, name, v1, v2 }: Limit, write: Write): Promise<void> {
  const directory = directoryOf(cgroup, controller);
  const target = directory?.version === 1 ? v1 : v2;
  if (directory === undefined || target === undefined) throw hostError(`${name}: the host has no ${controller} controller that has it`);
  const file = target.files.find((one) => existsSync(join(directory.path, one)));
  if (file === undefined) throw hostError(`${name}: the host has no ${target.files.join(' or ')}`);
  try {
    await write(join(directory.path, file), target.text);
  } catch (cause) {
    throw hostError(`${name}: ${target.text} to ${file}: ${messageOf(cause)}`, cause);
  }
}

/** In the order in which they are written. */
function limitsOf(resources: Fields): readonly Limit[] {
  allowOnly(resources, known.resources, 'linux.resources.');
  return [...memoryLimits(resources), ...cpuLimits(resources), ...pidsLimits(resources), ...ioLimits(resources), ...unifiedLimits(resources)];
}

function memoryLimits(resources: Fields): Limit[] {
  const memory = resources.optionalObject('memory');
  if (memory === undefined) return [];
  allowOnly(memory, known.memory, 'linux.resources.memory.');
  const [limit, reservation, swap] = ['limit', 'reservation', 'swap'].map((name) => amount(memory, name));
  const of = (name: string, v1: string, v2: string, value: bigint, ofV2 = value): Limit => ({
    controller: 'memory', name: `memory.${name}`, v1: { files: [v1], text: String(value) }, v2: { files: [v2], text: orMax(ofV2) },
  });
  return [
    ...(limit === undefined ? [] : [of('limit', 'memory.limit_in_bytes', 'memory.max', limit)]),
    // Version 1 counts both together, version 2 the swap alone.
    ...(swap === undefined ? [] : [of('swap', 'memory.memsw.limit_in_bytes', 'memory.swap.max', swap, swap < 0n ? swap : swap - (limit ?? 0n))]),
    ...(reservation === undefined ? [] : [of('reservation', 'memory.soft_limit_in_bytes', 'memory.low', reservation)]),
  ];
}

function cpuLimits(resources: Fields): Limit[] {
  const cpu = resources.optionalObject('cpu');
  if (cpu === undefined) return [];
  allowOnly(cpu, known.cpu, 'linux.resources.cpu.');
  const [shares, quota, period] = ['shares', 'quota', 'period'].map((name) => amount(cpu, name));
  const max = quota === undefined && period === undefined ? undefined : `${quota === undefined ? 'max' : orMax(quota)} ${period ?? PERIOD_US}`;
  const cpuset = (name: 'cpus' | 'mems'): Limit[] => {
    const text = cpu.optionalString(name) ?? '';
    return text === '' ? [] : [{ controller: 'cpuset', name: `cpu.${name}`, v1: { files: [`cpuset.${name}`], text }, v2: { files: [`cpuset.${name}`], text } }];
  };
  return [
    ...(shares === undefined ? [] : [{
      controller: 'cpu', name: 'cpu.shares', v1: { files: ['cpu.shares'], text: String(shares) },
      v2: { files: ['cpu.weight'], text: String(weightOfShares(shares)) },
    }]),
    ...(max === undefined ? [] : [{
      controller: 'cpu', name: 'cpu.period', v1: { files: ['cpu.cfs_period_us'], text: String(period ?? PERIOD_US) }, v2: { files: ['cpu.max'], text: max },
    }]),
    ...(quota === undefined ? [] : [{
      controller: 'cpu', name: 'cpu.quota', v1: { files: ['cpu.cfs_quota_us'], text: String(quota) }, v2: { files: ['cpu.max'], text: max ?? '' },
    }]),
    ...cpuset('cpus'),
    ...cpuset('mems'),
  ];
}

function pidsLimits(resources: Fields): Limit[] {
  const pids = resources.optionalObject('pids');
  if (pids === undefined) return [];
  allowOnly(pids, known.pids, 'linux.resources.pids.');
  const limit = amount(pids, 'limit');
  if (limit === undefined) return [];
  const target = { files: ['pids.max'], text: limit <= 0n ? 'max' : String(limit) };
  return [{ controller: 'pids', name: 'pids.limit', v1: target, v2: target }];
}

function ioLimits(resources: Fields): Limit[] {
  const io = resources.optionalObject('blockIO');
  if (io === undefined) return [];
  allowOnly(io, known.blockIO, 'linux.resources.blockIO.');
  const weight = amount(io, 'weight');
  if (weight === undefined) return [];
  // 10 to 1000 here, 1 to 10000 there; as runtimes convert it.
  const ofV2 = 1n + ((weight - 10n) * 9999n) / 990n;
  return [{
    controller: 'blkio', name: 'blockIO.weight', v1: { files: ['blkio.bfq.weight', 'blkio.weight'], text: String(weight) },
    v2: { files: ['io.weight', 'io.bfq.weight'], text: String(ofV2) },
  }];
}

/** Files of version 2 by their names. */
function unifiedLimits(resources: Fields): Limit[] {
  const unified = resources.optionalObject('unified');
  return Object.keys(unified?.values ?? {}).map((file) => {
    if (!/^[a-z]+\.[a-z.]+$/.test(file)) throw hostError(`unified: ${JSON.stringify(file)} is no cgroup file`);
    const controller = file.slice(0, file.indexOf('.'));
    return { controller, name: `unified.${file}`, v2: { files: [file], text: unified?.string(file) ?? '' } };
  });
}

/** cgroup v1's shares, 2 to 262144, as version 2's weight, 1 to 10000: as runtimes convert them. */
function weightOfShares(shares: bigint): bigint {
  return 1n + ((shares - 2n) * 9999n) / 262142n;
}

function orMax(value: bigint): string {
  return value < 0n ? 'max' : String(value);
}

/** An integer; undefined where it is absent. Negative ones mean "no limit". */
function amount(fields: Fields, name: string): bigint | undefined {
  if (fields.isAbsent(name)) return undefined;
  const value: unknown = fields.values[name];
  const least: JsonInteger = -1;
  return isJsonInteger(value, least, 2n ** 64n - 1n) ? BigInt(value) : fields.fail(name, 'expected an integer');
}
