import type { Event } from '../../api/gen/holdfast/v1/events';
import { eventJson } from '../json/event';
import { CtlError } from '../errors';
import { selectContainers } from '../names';
import { wholeNumber } from '../option-values';
import type { DaemonClient } from '../daemon/daemon-client';
import { endWords, pauseWords, ranWords, unknownEndWords } from '../text/event-line';
import { Runs } from '../text/runs';
import { compareMoments, formatMoment } from '../text/timestamp';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface HistoryOptions {
  readonly json?: boolean;
  readonly lines: number;
}

const never = { seconds: 0n, nanos: 0 };

export function defineHistory(program: Verb, tool: Tool): void {
  program
    .verb('history', { group: 'Look', summary: 'shows starts, ends and pauses, also of before a reboot: when, what, and how long it ran', example: 'history web' })
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
  for (const event of await everything(daemon, wanted, options.lines)) {
    const ranNs = runs.take(event);
    if (wanted !== undefined && !wanted.has(event.name)) continue;
    told.push({ event, line: lineOf(event, ranNs) });
  }
  const last = told.slice(-options.lines);
  if (wanted !== undefined && told.length === 0 && matched.length === 0) throw new CtlError('no-such-process', `${names.join(', ')}: no such process`);
  if (options.json === true) tool.printJson(last.map(({ event }) => eventJson(event)));
  else for (const { line } of last) tool.print(line);
}

/** What is remembered of programs, and what the log has of these and of others; what is in both, once. In the order of its time. */
async function everything(daemon: DaemonClient, wanted: ReadonlySet<string> | undefined, lines: number): Promise<readonly Event[]> {
  // The start of a run comes along, by which it is known how long that was.
  const remembered = await daemon.history([...(wanted ?? [])], lines * 3);
  const events = new Map(remembered.map((event) => [keyOf(event), event]));
  for await (const event of await daemon.events({ stored_only: true })) if (isOfAProgram(event)) events.set(keyOf(event), event);
  return [...events.values()].sort((a, b) => compareMoments(a.time ?? never, b.time ?? never));
}

function keyOf({ name, time }: Event): string {
  return `${name} ${String(time?.seconds)} ${String(time?.nanos)}`;
}

function isOfAProgram({ type, process }: Event): boolean {
  return type === 'start-container' || type === 'oom' || type === 'backoff' || type === 'fatal' || (type === 'exit' && process === 'init');
}

function lineOf(event: Event, ranNs: bigint): string {
  const { type, name, time, exit_status: status, pid } = event;
  const words: Readonly<Record<string, string>> = { 'start-container': `pid ${String(pid)}`, exit: unknownEndWords(event) ?? `${endWords(status)}${ranWords(ranNs)}`, backoff: pauseWords(event), fatal: pauseWords(event) };
  const what: Readonly<Record<string, string>> = { 'start-container': 'start', exit: 'end' };
  return `${time === undefined ? '' : formatMoment(time).slice(0, 19)}Z  ${(what[type] ?? type).padEnd(8)}${name.padEnd(16)}  ${words[type] ?? ''}`.trimEnd();
}
