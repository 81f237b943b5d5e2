import type { StatsResponse } from '../../api/gen/holdfast/v1/containers';
import { jsonTime } from '../text/moment';
import { type Machine, type Row, countStates } from '../top/frame';
import { type Schema, arrayOf, object } from './schema';
import { statsJson, statsSchema } from './stats';

/** A frame of `top` with --json: the machine, how many programs there are in each state, and what each uses. */
export function topJson(time: StatsResponse['time'], rows: readonly Row[], machine: Machine): object {
  return {
    time: jsonTime(time),
    up_seconds: Math.round(machine.upSeconds),
    load: Math.round(machine.load * 100) / 100,
    memory_used_bytes: machine.memoryUsedBytes,
    memory_total_bytes: machine.memoryTotalBytes,
    states: Object.fromEntries(countStates(rows.map(({ container }) => container))),
    programs: rows.flatMap(({ stats, rates }) => (stats === undefined ? [] : [statsJson(time, stats, rates?.cpuPercent ?? null)])),
  };
}

export const topSchema: Schema = object({
  time: { type: 'string' },
  up_seconds: { type: 'integer' },
  load: { type: 'number' },
  memory_used_bytes: { type: 'integer' },
  memory_total_bytes: { type: 'integer' },
  states: { type: 'object', additionalProperties: { type: 'integer' } },
  programs: arrayOf(statsSchema),
});
