import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, listPrograms } from '../../programs/list';
import type { ProgramParts } from '../../programs/parts';
import { type Program, isUp } from '../../programs/program';
import { INIT } from '../../runtime/state-dir/layout';
import { readAddresses } from '../../runtime/cgroups/addresses';
import { readNetworkFigures } from '../../runtime/cgroups/network';
import { readOomKills } from '../../runtime/cgroups/oom-kills';
import { readFigures } from '../../runtime/cgroups/read-figures';
import type { ContainerStats, StatsRequest, StatsResponse } from '../gen/holdfast/v1/containers';
import type { StreamVerb } from '../call';
import { containerMessage } from './container-message';
import { timestampOf } from './time';

/** Containers whose figures are read in one go; in between other requests have their turn. */
const containersPerTurn = 16;
const usualIntervalMs = 1000;
const shortestIntervalMs = 100;
/** What the kernel says where there is no limit: 2^63 less a page, or (version 2) 2^64 - 1. */
const noLimit = 2n ** 62n;

/** Stats: one message for all containers, each interval. */
export function stats(parts: ProgramParts): StreamVerb<StatsRequest, StatsResponse> {
  return async ({ names, interval_ms: intervalMs, once, with_list: withList }, { cancel }, send) => {
    const interval = Math.max(shortestIntervalMs, intervalMs === 0 ? usualIntervalMs : intervalMs);
    for (let dueMs = performance.now(); !cancel.aborted; dueMs += interval) {
      await delay(Math.max(0, dueMs - performance.now()), undefined, { signal: cancel }).catch(() => undefined);
      if (cancel.aborted) return;
      const programs = names.length === 0 ? await listPrograms(parts, false) : await Promise.all(names.map((name) => findProgram(parts, name)));
      send({ time: timestampOf(parts.nowNs()), containers: await readAll(programs.filter(isUp), names.length > 0), list: withList ? programs.map((program) => containerMessage(program, parts.startClock)) : [] });
      if (once) return;
    }
  };
}

async function readAll(programs: readonly Program[], withAddresses: boolean): Promise<ContainerStats[]> {
  const all: ContainerStats[] = [];
  for (const [at, program] of programs.entries()) {
    if (at > 0 && at % containersPerTurn === 0) await new Promise(setImmediate);
    const read = readOne(program, withAddresses);
    if (read !== undefined) all.push(read);
  }
  return all;
}

/** Undefined of one that ends while it is read. */
function readOne({ name, view }: Program, withAddresses: boolean): ContainerStats | undefined {
  const pid = view?.processes.find(({ id }) => id === INIT)?.systemPid;
  if (view?.cgroup === undefined || pid === undefined) return undefined;
  try {
    const { cpu, memory, pids, blkio } = readFigures(view.cgroup);
    const network = readNetworkFigures(pid);
    const oomKills = readOomKills(view.cgroup);
    const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);
    const moved = (op: string): bigint => sum(blkio.serviceBytes.filter((entry) => entry.op === op).map(({ value }) => value));
    return {
      name,
      cpu_ns: cpu.total,
      memory_bytes: memory.usage.usage,
      memory_limit_bytes: memory.usage.limit >= noLimit ? undefined : memory.usage.limit,
      pids: pids.current,
      pids_limit: pids.limit === 0n || pids.limit >= noLimit ? undefined : pids.limit,
      read_bytes: moved('Read'),
      write_bytes: moved('Write'),
      receive_bytes: sum(network.map(({ rxBytes }) => rxBytes)),
      transmit_bytes: sum(network.map(({ txBytes }) => txBytes)),
      oom_kills: oomKills === undefined ? undefined : BigInt(oomKills),
      addresses: withAddresses ? [...readAddresses(pid)] : [],
    };
  } catch {
    return undefined;
  }
}
