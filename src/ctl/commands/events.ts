import { InvalidArgumentError, type Command } from 'commander';
import { eventHeader, eventJson, eventLine, eventMoment } from '../text/event-line';
import { compareMoments, millisecondsOf, parseMoment, type Moment } from '../text/timestamp';
import { after } from '../timer';
import type { Tool } from '../tool';
import { CtlError } from '../errors';

interface EventsOptions {
  readonly timestamp?: Moment;
  readonly since?: Moment;
  readonly until?: Moment;
  readonly id?: string;
  readonly json?: boolean;
}

export function defineEvents(program: Command, tool: Tool): void {
  program
    .command('events')
    .description('shows events as they happen, until it is interrupted')
    .option('-t, --timestamp <time>', 'first the stored events after this time (RFC 3339)', moment)
    .option('--since <time>', 'the same; also 10m (ago), seconds since 1970', moment)
    .option('--until <time>', 'end there; with "now", only stored events are shown', moment)
    .option('--id <name>', 'only those of one container')
    .option('--json', 'an object a line')
    .action((options: EventsOptions) => events(tool, options));
}

function moment(text: string): Moment {
  const parsed = parseMoment(text, Date.now());
  if (parsed === undefined) {
    throw new InvalidArgumentError('A time is wanted: 2016-08-29T10:47:00Z, 10m (ago), now, or seconds since 1970.');
  }
  return parsed;
}

async function events(tool: Tool, options: EventsOptions): Promise<void> {
  const daemon = await tool.connect();
  const { until, id = '' } = options;
  const storedOnly = until !== undefined && millisecondsOf(until) <= Date.now();
  // The daemon replays nothing without a time; "all that is stored" is the earliest that it takes.
  const timestamp = options.since ?? options.timestamp ?? (storedOnly ? { seconds: 0n, nanos: 1 } : undefined);
  const stream = await daemon.events({ timestamp, storedOnly, id });
  const cancelTimer = until === undefined || storedOnly ? undefined : after(millisecondsOf(until) - Date.now(), () => stream.close());
  let ended = storedOnly;
  try {
    if (options.json !== true) tool.print(eventHeader);
    for await (const event of stream) {
      ended ||= until !== undefined && compareMoments(eventMoment(event), until) > 0;
      if (until !== undefined && compareMoments(eventMoment(event), until) > 0) break;
      tool.print(options.json === true ? eventJson(event) : eventLine(event));
    }
  } finally {
    cancelTimer?.();
    stream.close();
  }
  if (!ended && until === undefined) {
    throw new CtlError('unreachable', 'the daemon has ended the subscription', {
      hint: 'It is being stopped or restarted; --since shows later what happened meanwhile.',
    });
  }
}
