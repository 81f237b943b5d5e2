import { type Container, State } from '../../api/gen/holdfast/v1/containers';
import type { Event } from '../../api/gen/holdfast/v1/events';
import { OutputStream } from '../../api/gen/holdfast/v1/output';
import type { DaemonClient } from '../daemon/daemon-client';
import { CtlError, isCtlError } from '../errors';
import { inspectJson } from '../json/container';
import { explainUnknown, selectContainers } from '../names';
import { exitStatus } from '../exit-status';
import { endWords, ranWords } from '../text/event-line';
import { clockOf } from '../text/moment';
import { endPhrase, headline, healthText, limitsText, next, nextStart, waitsText, wishText } from '../text/story';
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
  const container = (await daemon.container(name)) ?? (await theOneOf(daemon, name));
  if (container === undefined) {
    const { known } = await selectContainers(daemon, []);
    explainUnknown(tool, [name], known, options.json === true);
    tool.finish(exitStatus.failed);
    return;
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

/** Of a group or a pattern. @throws CtlError where it means several */
async function theOneOf(daemon: DaemonClient, name: string): Promise<Container | undefined> {
  const { matched } = await selectContainers(daemon, [name]);
  if (matched.length < 2) return matched[0];
  const first = matched.slice(0, 3).map((each) => each.name).join(', ');
  throw new CtlError('invalid-argument', `${name} means ${String(matched.length)} processes, and why tells of one`, { hint: `They are ${first}${matched.length > 3 ? ', …' : ''}` });
}

async function facts(daemon: DaemonClient, container: Container): Promise<readonly (readonly [string, string])[]> {
  const { stop_deadline: deadline, wish, bundle, out_of_memory: outOfMemory, pid, managed } = container;
  const lines: [string, string][] = [];
  if (managed !== undefined && managed.health !== '') lines.push(['health', healthText(managed.health, container.reason)]);
  if (managed?.next_start !== undefined) lines.push(['next start', nextStart(managed)]);
  if (deadline !== undefined) lines.push(['SIGKILL', `${clockOf(deadline)}, if it has not ended by then`]);
  const { ends, oomKills } = await past(daemon, container);
  for (const [at, end] of ends.entries()) lines.push([at === 0 ? 'last ends' : '', end]);
  const output = await lastOutput(daemon, container);
  if (output !== undefined) lines.push(['last output', output]);
  if (managed !== undefined && managed.dependencies.length > 0 && container.state !== State.RUNNING) lines.push(['waits for', waitsText(managed.dependencies)]);
  if (wish !== undefined) lines.push(['wanted', wishText(wish, managed)]);
  lines.push(...(await limits(daemon, container, oomKills)));
  if (outOfMemory && pid !== 0) lines.push(['memory', 'processes of it were killed: out of memory']);
  if (managed !== undefined) lines.push(['defined in', managed.defined_in]);
  else if (bundle !== '') lines.push(['bundle', bundle]);
  return lines;
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

interface Past {
  /** The newest first. */
  readonly ends: readonly string[];
  /** How often the kernel has told that it was out of memory. */
  readonly oomKills: number;
}

/** As the event log has it; the last end also after it is forgotten there. */
async function past(daemon: DaemonClient, { namespace, id, last_end: remembered }: Container): Promise<Past> {
  const ends: { readonly event: Event; readonly ranNs: bigint }[] = [];
  let startedMs: number | undefined;
  let oomKills = 0;
  for await (const event of await daemon.events({ name: `${namespace}/${id}`, stored_only: true })) {
    const atMs = event.time === undefined ? undefined : millisecondsOf(event.time);
    if (event.type === 'start-container') startedMs = atMs;
    if (event.type === 'oom') oomKills += 1;
    if (isEnd(event)) ends.unshift({ event, ranNs: atMs === undefined || startedMs === undefined ? 0n : BigInt(atMs - startedMs) * 1_000_000n });
  }
  if (ends.length === 0) return { ends: remembered === undefined ? [] : [`${remembered.ended_at === undefined ? '' : clockOf(remembered.ended_at)}  ${endPhrase(remembered)}`], oomKills };
  // Its events come a moment after what they tell of: what is remembered is exact.
  const lines = ends.slice(0, mostEnds).map(({ event, ranNs }, at) => endLine(event, at === 0 && remembered?.exit_status === event.exit_status && remembered.ran_ns !== 0n ? remembered.ran_ns : ranNs));
  return { ends: lines, oomKills };
}

function isEnd({ type, process }: Event): boolean {
  return type === 'exit' && process === 'init';
}

function endLine({ time, exit_status: status }: Event, ranNs: bigint): string {
  return `${time === undefined ? '' : clockOf(time)}  ${endWords(status)}${ranWords(ranNs)}`;
}

/** What it uses and may use, where it runs; else what it may use by its definition, where that says so. */
async function limits(daemon: DaemonClient, container: Container, oomKills: number): Promise<[string, string][]> {
  if (container.pid === 0) {
    const { memory, pids } = limitsOf(container.definition);
    return memory === undefined && pids === undefined ? [] : [['limits', limitsText(memory, pids, oomKills)]];
  }
  for await (const { containers } of daemon.stats({ names: [container.name], once: true })) {
    const [stats] = containers;
    if (stats === undefined) return [];
    const { memory_limit_bytes: memory, pids_limit: pids, addresses } = stats;
    return [...(addresses.length === 0 ? [] : [['address', addresses.join(', ')] as [string, string]]), ['uses', `memory ${formatSize(Number(stats.memory_bytes))}; pids ${String(stats.pids)}`], ['limits', limitsText(memory === undefined ? undefined : Number(memory), pids === undefined ? undefined : Number(pids), oomKills)]];
  }
  return [];
}

/** LinuxResources of the OCI runtime specification. */
interface Resources {
  readonly memory?: { readonly limit?: number };
  readonly pids?: { readonly limit?: number };
}

function limitsOf(definition: Container['definition']): { readonly memory: number | undefined; readonly pids: number | undefined } {
  const spec = definition === undefined ? '' : Buffer.concat([definition.host_program, definition.container_spec]).toString('utf8');
  const { linux } = (spec === '' ? {} : JSON.parse(spec)) as { readonly linux?: { readonly resources?: Resources } };
  const bounded = (limit: number | undefined): number | undefined => (limit !== undefined && limit > 0 ? limit : undefined);
  return { memory: bounded(linux?.resources?.memory?.limit), pids: bounded(linux?.resources?.pids?.limit) };
}
