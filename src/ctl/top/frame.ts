import { State, type Container, type ContainerStats } from '../../api/gen/holdfast/v1/containers';
import type { Rates } from '../rates';
import { formatShort } from '../text/duration';
import { secondsSince } from '../text/moment';
import { formatSize } from '../../runtime/text/size';
import { isDown } from '../text/status-line';
import { type Column, tableLines } from '../text/table';
import type { View } from './view';

/** Of this machine, which is the daemon's. */
export interface Machine {
  readonly upSeconds: number;
  readonly load: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
}

export interface Row {
  readonly container: Container;
  readonly stats: ContainerStats | undefined;
  readonly rates: Rates | undefined;
  /** Its CPU in percent, the oldest first; at most as many as a graph has bars. */
  readonly cpu: readonly number[];
}

export interface FrameOptions {
  readonly nowMs: number;
  /** Undefined: nothing is cut. */
  readonly width: number | undefined;
  /** Whether there are graphs. */
  readonly isLive: boolean;
}

export const graphBars = 10;
const bars = '▁▂▃▄▅▆▇█';
/** A machine where nothing happens shows flat lines, not its noise. */
const leastScalePercent = 10;

/** `7 programs: 4 running, 1 fatal`, in the order of the states. */
export function countWords(containers: readonly Pick<Container, 'state'>[]): string {
  const counts = [...countStates(containers)].map(([state, count]) => `${String(count)} ${state.toLowerCase()}`);
  return `${String(containers.length)} program${containers.length === 1 ? '' : 's'}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`;
}

/** How many there are in each state that there is one in, those that run first. */
export function countStates(containers: readonly Pick<Container, 'state'>[]): ReadonlyMap<string, number> {
  const order = [State.RUNNING, State.STARTING, State.BACKOFF, State.STOPPING, State.STOPPED, State.EXITED, State.FATAL, State.UNKNOWN];
  const counts = order.map((state) => [State[state], containers.filter((one) => one.state === state).length] as const);
  return new Map(counts.filter(([, count]) => count > 0));
}

/** The first line. */
export function headLine(containers: readonly Container[], machine: Machine, nowMs: number): string {
  const clock = new Date(nowMs).toTimeString().slice(0, 8);
  const days = Math.floor(machine.upSeconds / 86_400);
  const up = days === 0 ? formatShort(machine.upSeconds) : `${String(days)} day${days === 1 ? '' : 's'}`;
  return `holdfast  ${clock}  up ${up}   ${countWords(containers)}   load ${machine.load.toFixed(2)}  memory ${formatSize(machine.memoryUsedBytes)} / ${formatSize(machine.memoryTotalBytes)}`;
}

/** The rows that a view shows, in its order: what is down is in the first line alone. */
export function rowsOf(rows: readonly Row[], { sorting, filter }: View): readonly Row[] {
  const shown = rows.filter(({ container: { name, state } }) => !isDown(state) && name.includes(filter));
  const weight = ({ stats, rates }: Row): number => (sorting === 'cpu' ? (rates?.cpuPercent ?? -1) : Number(stats?.memory_bytes ?? -1n));
  return sorting === 'name' ? shown : [...shown].sort((a, b) => weight(b) - weight(a));
}

/** The table. */
export function tableOf(rows: readonly Row[], { nowMs, width, isLive }: FrameOptions): string[] {
  return tableLines(rows, columnsOf(rows, nowMs, isLive), { width, leaving: ['RESTARTS', 'DISK r/w', 'NET rx/tx', '%', 'PIDS', 'UPTIME', totalGraph(rows)] });
}

function columnsOf(rows: readonly Row[], nowMs: number, isLive: boolean): readonly Column<Row>[] {
  const most = Math.max(leastScalePercent, ...rows.flatMap(({ cpu }) => cpu));
  const none = '-';
  const size = (value: number | undefined): string => (value === undefined ? none : `${formatSize(value)}/s`);
  const columns: readonly Column<Row>[] = [
    { heading: 'NAME', least: 12, cell: ({ container }) => container.name },
    { heading: 'CPU%', least: 5, cell: ({ rates }) => (rates === undefined ? none : rates.cpuPercent.toFixed(1)).padStart(5) },
    { heading: totalGraph(rows), cell: ({ cpu }) => graphOf(cpu, most) },
    { heading: 'MEMORY', cell: ({ stats }) => (stats === undefined ? none : memoryWords(stats)) },
    { heading: '%', cell: ({ stats }) => (stats?.memory_limit_bytes === undefined ? none : String(Math.round((Number(stats.memory_bytes) / Number(stats.memory_limit_bytes)) * 100))) },
    { heading: 'NET rx/tx', cell: ({ rates }) => `${size(rates?.receivePerSecond).padEnd(7)} ${size(rates?.transmitPerSecond)}` },
    { heading: 'DISK r/w', cell: ({ rates }) => `${size(rates?.readPerSecond).padEnd(7)} ${size(rates?.writePerSecond)}` },
    { heading: 'PIDS', cell: ({ stats }) => (stats === undefined ? none : String(stats.pids)) },
    { heading: 'UPTIME', cell: ({ container }) => (container.pid === 0 || container.started_at === undefined ? none : formatShort(secondsSince(container.started_at, nowMs))) },
    { heading: 'RESTARTS', cell: ({ container: { managed } }) => (managed === undefined ? none : String(managed.failures)) },
  ];
  return isLive ? columns : columns.filter((_column, at) => at !== 2);
}

function memoryWords({ memory_bytes: bytes, memory_limit_bytes: limit }: ContainerStats): string {
  return `${formatSize(Number(bytes))}${limit === undefined ? '' : ` / ${formatSize(Number(limit))}`}`;
}

/** All of them together: what heads the graphs. */
function totalGraph(rows: readonly Row[]): string {
  const totals = Array.from({ length: graphBars }, (_none, at) => rows.reduce((sum, { cpu }) => sum + (cpu[cpu.length - graphBars + at] ?? 0), 0));
  return graphOf(totals, Math.max(leastScalePercent, ...totals));
}

function graphOf(values: readonly number[], most: number): string {
  const drawn = values.map((value) => bars[Math.min(bars.length - 1, Math.floor((value / most) * bars.length))] ?? '');
  return drawn.join('').padStart(graphBars, bars[0]);
}
