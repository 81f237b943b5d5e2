import { type Container, State } from '../../api/gen/holdfast/v1/containers';
import type { Event } from '../../api/gen/holdfast/v1/events';
import { OutputStream } from '../../api/gen/holdfast/v1/output';
import type { DaemonClient } from '../daemon/daemon-client';
import { CtlError, isCtlError } from '../errors';
import { inspectJson } from '../json/container';
import { selectContainers, suggestNames } from '../names';
import { exitStatus } from '../exit-status';
import { formatUptime } from '../text/duration';
import { endWords, ranWords } from '../text/event-line';
import { clockOf, secondsSince } from '../text/moment';
import { formatSize } from '../../runtime/text/size';
import { millisecondsOf } from '../text/timestamp';
import { watched } from '../watch';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface WhyOptions {
  readonly json?: boolean;
  readonly watch?: number | true;
}

/** Of the last line, what is shown. */
const longestOutput = 200;
/** Ends that are told. */
const mostEnds = 5;

export function defineWhy(program: Verb, tool: Tool): void {
  program
    .verb('why', { group: 'Look', summary: 'tells the story of a program: how it is, since when, and what came before', example: 'why web' })
    .argument('<name>', 'its name')
    .option('--json', 'print an object')
    .option('-w, --watch [seconds]', 'show it again and again; with --json a line for each change', watched)
    .action((name: string, options: WhyOptions) => why(tool, name, options));
}

async function why(tool: Tool, name: string, options: WhyOptions): Promise<void> {
  if (options.watch === undefined) {
    await showWhy(tool, name, options);
    return;
  }
  const { watch } = await import('../watch');
  await watch(tool, options.watch, options.json === true, {
    show: () => showWhy(tool, name, options),
    values: async () => [await (await tool.connect()).container(name)].filter((found) => found !== undefined).map((found) => inspectJson(found, Date.now())),
  });
}

/** The story of one, as it is now. */
export async function showWhy(tool: Tool, name: string, options: WhyOptions = {}): Promise<void> {
  const daemon = await tool.connect();
  const container = await daemon.container(name);
  if (container === undefined) {
    const { known } = await selectContainers(daemon, []);
    suggestNames(tool, [name], known);
    throw new CtlError('no-such-process', `${name}: no such process`, { exitStatus: exitStatus.failed });
  }
  const nowMs = Date.now();
  if (options.json === true) {
    tool.printJson(inspectJson(container, nowMs));
    return;
  }
  tool.print(`${container.name} is ${State[container.state]}${container.paused ? ', paused' : ''}: ${headline(container, nowMs)}`);
  for (const [label, text] of await facts(daemon, container)) tool.print(`  ${label.padEnd(13)}${text}`.trimEnd());
  tool.print(`Try: ${next(container)}`);
}

function headline(container: Container, nowMs: number): string {
  const { state, reason, last_end: end, started_at: startedAt, wish, pid } = container;
  const byHand = wish?.by === undefined ? '' : ` by uid ${String(wish.by.uid)}`;
  switch (state) {
    case State.RUNNING:
      return `pid ${String(pid)}${startedAt === undefined ? '' : `, for ${formatUptime(secondsSince(startedAt, nowMs))}`}`;
    case State.STOPPED:
      return end === undefined ? 'it was never started' : `it was stopped${byHand}`;
    case State.EXITED:
      return end === undefined ? 'it ended' : `it ended by itself: ${endPhrase(end)}`;
    case State.STARTING:
    case State.STOPPING:
    case State.BACKOFF:
    case State.FATAL:
    case State.UNKNOWN:
    case State.UNRECOGNIZED:
      return reason === '' ? State[state].toLowerCase() : (reason.replace(/, next start in [\d:]+$/, '').split('\n', 1)[0] ?? '');
  }
}

function endPhrase({ exit_status: status, out_of_memory: outOfMemory, unknown, reason, ran_ns: ranNs }: NonNullable<Container['last_end']>): string {
  if (unknown) return `nobody saw how (${reason})`;
  return `${endWords(status)}${ranWords(ranNs)}${outOfMemory ? ', out of memory' : ''}`;
}

async function facts(daemon: DaemonClient, container: Container): Promise<readonly (readonly [string, string])[]> {
  const { stop_deadline: deadline, wish, bundle, out_of_memory: outOfMemory, pid, managed } = container;
  const lines: [string, string][] = [];
  if (managed !== undefined && managed.health !== '') lines.push(['health', healthText(managed.health, container.reason)]);
  if (managed?.next_start !== undefined) lines.push(['next start', nextStart(managed)]);
  if (deadline !== undefined) lines.push(['SIGKILL', `${clockOf(deadline)}, if it has not ended by then`]);
  const ends = await lastEnds(daemon, container);
  for (const [at, end] of ends.entries()) lines.push([at === 0 ? 'last ends' : '', end]);
  const output = await lastOutput(daemon, container);
  if (output !== undefined) lines.push(['last output', output]);
  if (wish !== undefined) {
    const who = wish.by === undefined ? '' : ` (uid ${String(wish.by.uid)}, pid ${String(wish.by.pid)})`;
    lines.push(['wanted', `${wish.up ? 'up' : 'down'}${wish.since === undefined ? '' : `, since ${clockOf(wish.since)}`}${who}`]);
  }
  if (pid !== 0) lines.push(...(await limits(daemon, container)));
  if (outOfMemory && pid !== 0) lines.push(['memory', 'processes of it were killed: out of memory']);
  if (managed !== undefined) lines.push(['defined in', managed.defined_in]);
  else if (bundle !== '') lines.push(['bundle', bundle]);
  return lines;
}

function healthText(health: string, reason: string): string {
  if (reason === '' || reason.startsWith(health)) return reason === '' ? health : reason;
  return `${health}; ${reason}`;
}

function nextStart({ next_start: at, failures }: NonNullable<Container['managed']>): string {
  if (at === undefined) return '';
  const times = failures > 1 ? `; it has failed ${String(failures)} times` : '';
  return `${clockOf(at)} (in ${formatUptime(Math.max(0, (millisecondsOf(at) - Date.now()) / 1000))}${times})`;
}

/** Its last line, where any is kept. */
async function lastOutput(daemon: DaemonClient, { name }: Container): Promise<string | undefined> {
  try {
    for await (const { chunks } of daemon.logs({ name, tail_lines: 1n })) {
      const [chunk] = chunks;
      if (chunk === undefined) continue;
      const stream = chunk.stream === OutputStream.STDERR ? 'stderr' : 'stdout';
      const text = chunk.data.toString().trimEnd().replaceAll(/\p{Cc}/gu, ' ');
      return `${chunk.time === undefined ? '' : `${clockOf(chunk.time)}  `}${stream}  ${text.slice(0, longestOutput)}`;
    }
  } catch (error) {
    if (!isCtlError(error, 'not-running', 'no-such-process', 'refused')) throw error;
  }
  return undefined;
}

/** The newest first, as the event log has them; the last one also after it is forgotten there. */
async function lastEnds(daemon: DaemonClient, { namespace, id, last_end: remembered }: Container): Promise<string[]> {
  const ends: string[] = [];
  let startedMs: number | undefined;
  for await (const event of await daemon.events({ name: `${namespace}/${id}`, stored_only: true })) {
    const atMs = event.time === undefined ? undefined : millisecondsOf(event.time);
    if (event.type === 'start-container') startedMs = atMs;
    if (isEnd(event)) ends.unshift(endLine(event, atMs === undefined || startedMs === undefined ? 0 : atMs - startedMs));
  }
  if (ends.length === 0 && remembered !== undefined) ends.push(`${remembered.ended_at === undefined ? '' : clockOf(remembered.ended_at)}  ${endPhrase(remembered)}`);
  return ends.slice(0, mostEnds);
}

function isEnd({ type, process }: Event): boolean {
  return type === 'exit' && process === 'init';
}

function endLine({ time, exit_status: status }: Event, ranMs: number): string {
  return `${time === undefined ? '' : clockOf(time)}  ${endWords(status)}${ranWords(BigInt(ranMs) * 1_000_000n)}`;
}

async function limits(daemon: DaemonClient, { name }: Container): Promise<[string, string][]> {
  for await (const { containers } of daemon.stats({ names: [name], once: true })) {
    const [stats] = containers;
    if (stats === undefined) return [];
    const memory = stats.memory_limit_bytes === undefined ? 'none' : formatSize(Number(stats.memory_limit_bytes));
    const pids = stats.pids_limit === undefined ? 'none' : String(stats.pids_limit);
    return [['uses', `memory ${formatSize(Number(stats.memory_bytes))}; pids ${String(stats.pids)}`], ['limits', `memory ${memory}; pids ${pids}`]];
  }
  return [];
}

function next({ name, state, managed }: Container): string {
  switch (state) {
    case State.RUNNING:
      return `holdfastctl exec ${name} -- sh   or   holdfastctl stop ${name}`;
    case State.STOPPED:
    case State.EXITED:
    case State.FATAL:
      return managed === undefined ? `holdfastctl start ${name}   or   holdfastctl rm ${name}   to forget it` : `holdfastctl start ${name}`;
    case State.BACKOFF:
      return `holdfastctl tail -f ${name} stderr   or   holdfastctl start ${name}   to start it now`;
    case State.STARTING:
    case State.STOPPING:
    case State.UNKNOWN:
    case State.UNRECOGNIZED:
      return `holdfastctl events --name ${name}`;
  }
}
