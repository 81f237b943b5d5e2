import type { ContainerStats } from '../../api/gen/holdfast/v1/containers';
import type { Timestamp } from '../../api/gen/google/protobuf/timestamp';
import { jsonTime } from '../text/moment';
import { type Schema, nullable, object } from './schema';

/** What one container uses, as `stats` prints it with --json. @param cpuPercent null in the first line, which has nothing before it */
export function statsJson(time: Timestamp | undefined, stats: ContainerStats, cpuPercent: number | null): object {
  return {
    time: jsonTime(time),
    name: stats.name,
    cpu_percent: cpuPercent === null ? null : Math.round(cpuPercent * 10) / 10,
    cpu_ns: Number(stats.cpu_ns),
    memory_bytes: Number(stats.memory_bytes),
    memory_limit_bytes: stats.memory_limit_bytes === undefined ? null : Number(stats.memory_limit_bytes),
    pids: Number(stats.pids),
    pids_limit: stats.pids_limit === undefined ? null : Number(stats.pids_limit),
    read_bytes: Number(stats.read_bytes),
    write_bytes: Number(stats.write_bytes),
    receive_bytes: Number(stats.receive_bytes),
    transmit_bytes: Number(stats.transmit_bytes),
    oom_kills: stats.oom_kills === undefined ? null : Number(stats.oom_kills),
  };
}

const whole = { type: 'integer' } as const;

export const statsSchema: Schema = object({
  time: { type: 'string' },
  name: { type: 'string' },
  cpu_percent: nullable({ type: 'number' }),
  cpu_ns: whole,
  memory_bytes: whole,
  memory_limit_bytes: nullable(whole),
  pids: whole,
  pids_limit: nullable(whole),
  read_bytes: whole,
  write_bytes: whole,
  receive_bytes: whole,
  transmit_bytes: whole,
  oom_kills: nullable(whole),
});
