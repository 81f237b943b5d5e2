import type { Event } from '../../api/gen/legacy/api';
import { formatMoment } from '../text/timestamp';

/** Lines of cells, each as wide as the longest of its column and a gap, but for the last: as ctr lays tables out. */
export function columns(rows: readonly (readonly string[])[], least = 20, gap = 3): string[] {
  const widths = (rows[0] ?? []).map((_cell, at) => Math.max(least, ...rows.map((row) => (row[at] ?? '').length + gap)));
  return rows.map((row) => row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join(''));
}

/** A message as ctr prints it: what is empty, zero or false is left out. */
export function goJson(message: unknown): string {
  return JSON.stringify(message, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value === 0n ? undefined : Number(value);
    const isEmpty = value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
    return isEmpty ? undefined : value;
  });
}

export const eventHeading = ['TIME', 'TYPE', 'ID', 'PID', 'STATUS'];

/** Each line is laid out by itself: nobody waits for the longest. */
export function eventRow(cells: readonly string[]): string {
  return columns([cells], 31, 1)[0] ?? '';
}

export function eventCells({ timestamp, type, id, pid, status }: Event): string[] {
  return [timestamp === undefined ? '' : formatMoment(timestamp), type, id, pid, String(status)];
}
