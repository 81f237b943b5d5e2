import type { Event } from '../../api/gen/holdfast/v1/events';
import { CtlError, isCtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { eventJson } from '../json/event';
import { collect, moment, wholeNumber } from '../option-values';
import { isGlob, matchesGlob } from '../text/glob';
import { eventLine } from '../text/event-line';
import { Runs } from '../text/runs';
import { compareMoments, millisecondsOf, type Moment } from '../text/timestamp';
import { after } from '../timer';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface EventsOptions {
  readonly since?: Moment;
  readonly until?: Moment;
  readonly after?: number;
  readonly name?: readonly string[];
  readonly type?: readonly string[];
  readonly json?: boolean;
}

export function defineEvents(program: Verb, tool: Tool): void {
  program
    .verb('events', {
      group: 'Look',
      summary: 'shows events as they happen, until it is interrupted',
      example: "events --since 1h --name 'web*' --type exit,oom",
    })
    .option('--since <time>', 'first the stored events since then: 10m (ago), 16:20, RFC 3339', moment)
    .option('--until <time>', 'end there; with "now", only stored events are shown', moment)
    .option('--after <id>', 'first the stored events after this one: how a reader goes on where it stopped', wholeNumber)
    .option('--name <name>', 'only those of these names or patterns; may be given again', collect)
    .option('--type <types>', 'only those of these types, such as exit,oom', collect)
    .option('--json', 'an object a line')
    .action((options: EventsOptions) => events(tool, options));
}

async function events(tool: Tool, options: EventsOptions): Promise<void> {
  const daemon = await tool.connect();
  const { until, since, after: afterId } = options;
  const storedOnly = until !== undefined && millisecondsOf(until) <= Date.now();
  const stream = await daemon.events({ since, stored_only: storedOnly, after_id: afterId === undefined ? undefined : BigInt(afterId) });
  const cancelTimer = until === undefined || storedOnly ? undefined : after(millisecondsOf(until) - Date.now(), () => { stream.close(); });
  let isInterrupted = false;
  const stopListening = tool.io.onSignal('SIGINT', () => {
    isInterrupted = true;
    stream.close();
  });
  let lastId = afterId === undefined ? undefined : BigInt(afterId);
  const runs = new Runs(storedOnly || options.json === true ? [] : await daemon.containers(true));
  try {
    for await (const event of stream) {
      if (until !== undefined && event.time !== undefined && compareMoments(event.time, until) > 0) return;
      const ranNs = runs.take(event);
      lastId = event.id;
      if (isWanted(event, options)) tool.print(options.json === true ? JSON.stringify(eventJson(event)) : eventLine(event, ranNs));
    }
  } catch (error) {
    throw isCtlError(error, 'unreachable') ? subscriptionOver(error.message, lastId, error) : error;
  } finally {
    stopListening();
    cancelTimer?.();
    stream.close();
  }
  if (isInterrupted) tool.finish(exitStatus.interrupted);
  else if (until === undefined) throw subscriptionOver('the daemon has ended the subscription', lastId);
}

/** @param lastId of the event that has come last, where one has */
function subscriptionOver(message: string, lastId: bigint | undefined, cause?: unknown): CtlError {
  const again = lastId === undefined ? '--since' : `--after ${String(lastId)}`;
  return new CtlError('unreachable', message, { hint: `Once it is back, holdfastctl events ${again}  shows what has happened meanwhile.`, cause });
}

function isWanted({ name, type }: Event, { name: names, type: types }: EventsOptions): boolean {
  const isNamed = names === undefined || names.some((wanted) => wanted === name || (isGlob(wanted) && matchesGlob(wanted, name)));
  return isNamed && (types === undefined || types.flatMap((list) => list.split(',')).includes(type));
}
