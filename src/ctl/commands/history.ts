import type { Event } from '../../api/gen/holdfast/v1/events';
import { eventJson } from '../json/event';
import { CtlError } from '../errors';
import { selectContainers } from '../names';
import { wholeNumber } from '../option-values';
import { endWords, pauseWords, ranWords } from '../text/event-line';
import { Runs } from '../text/runs';
import { formatMoment } from '../text/timestamp';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface HistoryOptions {
  readonly json?: boolean;
  readonly lines: number;
}

export function defineHistory(program: Verb, tool: Tool): void {
  program
    .verb('history', { group: 'Look', summary: 'shows starts, ends and pauses: when, what, and how long it ran', example: 'history web' })
    .argument('[names...]', 'names, shell patterns, or all')
    .option('-n, --lines <number>', 'the last ones', wholeNumber, 100)
    .option('--json', 'print an array of objects')
    .action((names: string[], options: HistoryOptions) => history(tool, names, options));
}

async function history(tool: Tool, names: readonly string[], options: HistoryOptions): Promise<void> {
  const daemon = await tool.connect();
  const { matched, unknown } = await selectContainers(daemon, names);
  const wanted = names.length === 0 ? undefined : new Set([...matched.map(({ name }) => name), ...unknown]);
  const runs = new Runs();
  const told: { readonly event: Event; readonly line: string }[] = [];
  for await (const event of await daemon.events({ stored_only: true })) {
    const ranNs = runs.take(event);
    if (!isOfAProgram(event) || (wanted !== undefined && !wanted.has(event.name))) continue;
    told.push({ event, line: lineOf(event, ranNs) });
  }
  const last = told.slice(-options.lines);
  if (wanted !== undefined && told.length === 0 && matched.length === 0) throw new CtlError('no-such-process', `${names.join(', ')}: no such process`);
  if (options.json === true) tool.printJson(last.map(({ event }) => eventJson(event)));
  else for (const { line } of last) tool.print(line);
}

function isOfAProgram({ type, process }: Event): boolean {
  return type === 'start-container' || type === 'oom' || type === 'backoff' || type === 'fatal' || (type === 'exit' && process === 'init');
}

function lineOf(event: Event, ranNs: bigint): string {
  const { type, name, time, exit_status: status, pid } = event;
  const words: Readonly<Record<string, string>> = { 'start-container': `pid ${String(pid)}`, exit: `${endWords(status)}${ranWords(ranNs)}`, backoff: pauseWords(event), fatal: pauseWords(event) };
  const what: Readonly<Record<string, string>> = { 'start-container': 'start', exit: 'end' };
  return `${time === undefined ? '' : formatMoment(time).slice(0, 19)}Z  ${(what[type] ?? type).padEnd(8)}${name.padEnd(16)}  ${words[type] ?? ''}`.trimEnd();
}
