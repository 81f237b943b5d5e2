import { type Container, type ContainerStats, State } from '../../api/gen/holdfast/v1/containers';
import type { DaemonClient } from '../daemon/daemon-client';
import { CtlError } from '../errors';
import { containerJson } from '../json/container';
import { explainUnknown, selectContainers } from '../names';
import { exitStatus } from '../exit-status';
import { formatShort } from '../text/duration';
import { endWords } from '../text/event-line';
import { formatFields } from '../text/format';
import { secondsSince } from '../text/moment';
import { formatSize } from '../../runtime/text/size';
import { colourOf, isDown } from '../text/status-line';
import { millisecondsOf } from '../text/timestamp';
import { type Column, tableLines } from '../text/table';
import { watched } from '../watch';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface PsOptions {
  readonly all?: boolean;
  readonly columns?: string;
  readonly format?: string;
  readonly header: boolean;
  readonly json?: boolean;
  readonly watch?: number | true;
}

/** From here on all columns are there. */
const wideColumns = 110;
const wideLeast = { name: 12, state: 9, health: 10, pid: 5, uptime: 8, restarts: 9, cpu: 6, memory: 16, pids: 5 } as const;
/** A pid has up to seven digits (PID_MAX_LIMIT, proc(5)), so that it falls away together with the pids on a terminal of 80. */
const narrowLeast = { name: 12, state: 9, health: 8, pid: 7, uptime: 7, restarts: 8, cpu: 5, memory: 11, pids: 4 } as const;

export function definePs(program: Verb, tool: Tool): void {
  program
    .verb('ps', { group: 'Look', summary: 'shows programs and containers as a table', example: 'ps -a --columns name,state,memory' })
    .alias('ls')
    .argument('[names...]', 'names, shell patterns, or all')
    .option('-a, --all', 'also those that have ended, and of all namespaces')
    .option('--columns <names>', 'these columns, such as name,state,cpu')
    .option('--format <text>', 'a line each, with fields of the JSON by name: {{.name}} {{.pid}}')
    .option('--no-header', 'without the heading')
    .option('--json', 'print an array of objects')
    .option('-w, --watch [seconds]', 'show it again and again; with --json a line for each change', watched)
    .action((names: string[], options: PsOptions) => ps(tool, names, options));
}

interface Row {
  readonly container: Container;
  readonly stats: ContainerStats | undefined;
  readonly cpuPercent: number | undefined;
}

async function ps(tool: Tool, names: readonly string[], options: PsOptions): Promise<void> {
  if (options.watch === undefined) {
    await show(tool, names, options);
    return;
  }
  const { watch } = await import('../watch');
  await watch(tool, options.watch, options.json === true, {
    show: () => show(tool, names, options),
    values: async () => (await select(await tool.connect(), names, options)).shown.map((container) => containerJson(container, Date.now())),
  });
}

async function show(tool: Tool, names: readonly string[], options: PsOptions): Promise<void> {
  const daemon = await tool.connect();
  const { shown, unknown, known } = await select(daemon, names, options);
  const nowMs = Date.now();
  if (options.json === true) tool.printJson(shown.map((container) => containerJson(container, nowMs)));
  else if (options.format !== undefined) for (const container of shown) tool.print(formatFields(options.format, containerJson(container, nowMs)));
  else tool.print((await table(tool, daemon, shown, options, nowMs)).join('\n'));
  explainUnknown(tool, unknown, known, options.json === true);
  if (unknown.length > 0) tool.finish(exitStatus.failed);
}

/** Of no names: what runs, and what should; with --all everything. */
async function select(daemon: DaemonClient, names: readonly string[], { all, json, format }: PsOptions): Promise<{ readonly shown: readonly Container[]; readonly unknown: readonly string[]; readonly known: readonly Container[] }> {
  const isBrief = json !== true && format === undefined;
  if (names.length > 0) {
    const { matched, unknown, known } = await selectContainers(daemon, names, isBrief);
    return { shown: matched, unknown, known };
  }
  const found = await daemon.containers(all === true, isBrief);
  return { shown: all === true ? found : found.filter(({ state }) => !isDown(state) || state === State.FATAL), unknown: [], known: [] };
}

async function table(tool: Tool, daemon: DaemonClient, shown: readonly Container[], options: PsOptions, nowMs: number): Promise<string[]> {
  const stats = await statsOf(daemon, shown);
  const rows = shown.map((container): Row => {
    const own = stats.get(container.name);
    const ranNs = container.started_at === undefined ? 0 : secondsSince(container.started_at, nowMs) * 1e9;
    return { container, stats: own, cpuPercent: own === undefined || ranNs === 0 ? undefined : (Number(own.cpu_ns) / ranNs) * 100 };
  });
  const isNarrow = tool.width !== undefined && tool.width < wideColumns;
  return tableLines(rows, chosen(columnsOf(nowMs, isNarrow), options.columns), {
    width: tool.width,
    elastic: { heading: 'LAST END', least: 12 },
    leaving: ['LAST END', 'PIDS', 'PID', 'MEMORY', 'CPU', 'RESTARTS', 'UPTIME', 'HEALTH'],
    header: options.header,
    paint: (column, { container }, cell) => (column === 'STATE' ? tool.paint(colourOf(container), cell) : cell),
  });
}

async function statsOf(daemon: DaemonClient, shown: readonly Container[]): Promise<Map<string, ContainerStats>> {
  const all = new Map<string, ContainerStats>();
  if (shown.every(({ pid }) => pid === 0)) return all;
  for await (const { containers } of daemon.stats({ once: true })) for (const one of containers) all.set(one.name, one);
  return all;
}

function chosen(columns: readonly Column<Row>[], names: string | undefined): readonly Column<Row>[] {
  if (names === undefined) return columns;
  return names.split(',').map((name) => {
    const wanted = name.trim().toUpperCase().replaceAll('_', ' ');
    const found = columns.find(({ heading }) => heading === wanted);
    if (found !== undefined) return found;
    throw new CtlError('invalid-argument', `there is no column ${name}`, { hint: `There are ${columns.map(({ heading }) => heading.toLowerCase().replaceAll(' ', '_')).join(', ')}.` });
  });
}

/** CPU is the average since the start. @param isNarrow when it starts next takes the place of how long it runs, as its last end falls away first */
function columnsOf(nowMs: number, isNarrow: boolean): readonly Column<Row>[] {
  const none = '-';
  const least = isNarrow ? narrowLeast : wideLeast;
  return [
    { heading: 'NAME', least: least.name, cell: ({ container }) => container.name },
    { heading: 'STATE', least: least.state, cell: ({ container }) => (container.paused ? 'paused' : State[container.state].toLowerCase()) },
    { heading: 'HEALTH', least: least.health, cell: ({ container: { managed } }) => (managed === undefined || managed.health === '' ? none : managed.health) },
    { heading: 'PID', least: least.pid, cell: ({ container }) => (container.pid === 0 ? none : String(container.pid)) },
    { heading: 'UPTIME', least: least.uptime, cell: ({ container }) => uptimeWords(container, nowMs) ?? (isNarrow ? nextWords(container, nowMs) : undefined) ?? none },
    { heading: 'RESTARTS', least: least.restarts, cell: ({ container: { managed } }) => (managed === undefined ? none : String(managed.failures)) },
    { heading: 'CPU', least: least.cpu, cell: ({ cpuPercent }) => (cpuPercent === undefined ? none : `${cpuPercent.toFixed(1)}%`) },
    { heading: 'MEMORY', least: least.memory, cell: ({ stats }) => (stats === undefined ? none : memoryWords(stats, !isNarrow)) },
    { heading: 'PIDS', least: least.pids, cell: ({ stats }) => (stats === undefined ? none : String(stats.pids)) },
    { heading: 'LAST END', cell: ({ container }) => lastEndWords(container, nowMs) },
  ];
}

function uptimeWords({ pid, started_at: at }: Container, nowMs: number): string | undefined {
  return pid === 0 || at === undefined ? undefined : formatShort(secondsSince(at, nowMs));
}

/** `next 7s`. */
function nextWords({ managed }: Container, nowMs: number): string | undefined {
  return managed?.next_start === undefined ? undefined : `next ${formatShort((millisecondsOf(managed.next_start) - nowMs) / 1000)}`;
}

function memoryWords({ memory_bytes: bytes, memory_limit_bytes: limit }: ContainerStats, withPercent: boolean): string {
  if (limit === undefined) return formatSize(Number(bytes));
  return `${formatSize(Number(bytes))} / ${formatSize(Number(limit))}${withPercent ? ` ${String(Math.round((Number(bytes) / Number(limit)) * 100))}%` : ''}`;
}

function lastEndWords({ state, reason, last_end: end, managed }: Container, nowMs: number): string {
  if (state === State.FATAL || (state === State.STARTING && reason !== '')) return (reason.split('\n', 1)[0] ?? '').replaceAll(/ to be (RUNNING|healthy|started|completed)\b/g, '');
  const next = managed?.next_start === undefined ? '' : `; next in ${formatShort((millisecondsOf(managed.next_start) - nowMs) / 1000)}`;
  if (end === undefined) return '-';
  const how = end.unknown ? `unknown (${end.reason})` : endWords(end.exit_status).replace('exit status', 'exit').replace('killed by ', '');
  const when = end.ended_at === undefined ? '' : `, ${formatShort(secondsSince(end.ended_at, nowMs))} ago`;
  return `${how}${end.out_of_memory ? ', out of memory' : ''}${when}${next}`;
}
