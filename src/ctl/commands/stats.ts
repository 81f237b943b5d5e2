import type { ContainerStats, StatsResponse } from '../../api/gen/holdfast/v1/containers';
import { CtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { statsJson } from '../json/stats';
import { explainUnknown, selectContainers } from '../names';
import { seconds } from '../option-values';
import { RateMeter, type Rates } from '../rates';
import { formatSize } from '../../runtime/text/size';
import { tableLines } from '../text/table';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface StatsOptions {
  readonly json?: boolean;
  readonly once?: boolean;
  readonly interval: number;
}

export function defineStats(program: Verb, tool: Tool): void {
  program
    .verb('stats', { group: 'Look', summary: 'shows what programs use, again and again', example: 'stats --json web' })
    .argument('[names...]', 'names, shell patterns, or all')
    .option('--once', 'one time alone')
    .option('-w, --watch', 'as ever without --once')
    .option('--interval <seconds>', 'between two', seconds, 1)
    .option('--json', 'an object a line')
    .action((names: string[], options: StatsOptions) => stats(tool, names, options));
}

interface Row {
  readonly stats: ContainerStats;
  readonly rates: Rates | undefined;
}

async function stats(tool: Tool, names: readonly string[], options: StatsOptions): Promise<void> {
  const onTerminal = tool.io.stdout.isTTY === true && options.json !== true;
  if (!onTerminal && options.json !== true && options.once !== true) throw new CtlError('invalid-argument', 'stats needs a terminal, --json or --once');
  const daemon = await tool.connect();
  const { matched, unknown, known } = await selectContainers(daemon, names);
  explainUnknown(tool, unknown, known, options.json === true);
  if (unknown.length > 0 && matched.length === 0) {
    tool.finish(exitStatus.failed);
    return;
  }
  const wanted = names.length === 0 ? undefined : new Set(matched.map(({ name }) => name));
  const stream = daemon.stats({ interval_ms: Math.round(options.interval * 1000) });
  const stop = tool.io.onSignal('SIGINT', () => {
    tool.finish(exitStatus.interrupted);
    stream.close();
  });
  const meter = new RateMeter();
  try {
    for await (const message of stream) {
      const rates = meter.take(message);
      // Two are needed for a rate.
      if (options.once === true && rates.size === 0 && message.containers.length > 0) continue;
      const rows = message.containers.filter(({ name }) => wanted?.has(name) !== false).map((one): Row => ({ stats: one, rates: rates.get(one.name) }));
      show(tool, message, rows, options, onTerminal && options.once !== true);
      if (options.once === true) return;
    }
  } finally {
    stop();
    stream.close();
  }
}

function show(tool: Tool, { time }: StatsResponse, rows: readonly Row[], { json }: StatsOptions, inPlace: boolean): void {
  if (json === true) {
    for (const { stats: one, rates } of rows) tool.print(JSON.stringify(statsJson(time, one, rates?.cpuPercent ?? null)));
    return;
  }
  if (inPlace) tool.io.stdout.write('\u001b[H\u001b[2J');
  for (const line of statsTable(rows, tool.width)) tool.print(line);
}

/** What each uses now, a line each. */
export function statsTable(rows: readonly Row[], width: number | undefined): string[] {
  const perSecond = (value: number | undefined): string => (value === undefined ? '-' : `${formatSize(value)}/s`);
  return tableLines(rows, [
    { heading: 'NAME', least: 12, cell: ({ stats: one }) => one.name },
    { heading: 'CPU%', cell: ({ rates }) => (rates === undefined ? '-' : rates.cpuPercent.toFixed(1)).padStart(5) },
    { heading: 'MEMORY', cell: ({ stats: one }) => `${formatSize(Number(one.memory_bytes))}${one.memory_limit_bytes === undefined ? '' : ` / ${formatSize(Number(one.memory_limit_bytes))}`}` },
    { heading: 'NET rx/tx', cell: ({ rates }) => `${perSecond(rates?.receivePerSecond)} ${perSecond(rates?.transmitPerSecond)}` },
    { heading: 'DISK r/w', cell: ({ rates }) => `${perSecond(rates?.readPerSecond)} ${perSecond(rates?.writePerSecond)}` },
    { heading: 'PIDS', cell: ({ stats: one }) => String(one.pids) },
  ], { width, leaving: ['PIDS', 'DISK r/w', 'NET rx/tx'] });
}
