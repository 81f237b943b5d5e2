import { readFileSync, statSync } from 'node:fs';
import type { Logger } from '../../runtime/logger';
import type { EventLog } from './event-log';
import { type NewEvent, isLegacyType } from './event';

const fact = 'journal-imported';
/** The original bounds its journal by a count of events; this is far beyond any. */
const maxBytes = 64 * 1024 * 1024;

/**
 * Takes over the original's journal (`events.log`, one JSON event a line), once:
 * again only when an original has written to it since. Lines that are no events
 * (a power cut leaves NUL bytes) are passed over and counted in the log.
 */
export function importJournal(path: string, log: EventLog, logger: Logger): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) return;
  const version = `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
  if (log.fact(fact) === version) return;
  if (stat.size > maxBytes) {
    logger.error({ path, bytes: stat.size }, 'the journal is too large to be one of events, and is not imported');
    return;
  }
  let skipped = 0;
  let imported = 0;
  log.inOneGo(() => {
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      if (line === '') continue;
      const event = parseLine(line);
      if (event === undefined) skipped += 1;
      else if (event.timestampNs > log.lastNs) {
        log.append(event, undefined, event.timestampNs);
        imported += 1;
      }
    }
    log.setFact(fact, version);
  });
  logger.info({ path, imported, skipped }, 'the journal of another daemon was imported');
}

interface TimedEvent extends NewEvent {
  readonly timestampNs: bigint;
}

function parseLine(line: string): TimedEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, type, pid, status, timestamp } = value as Record<string, unknown>;
  if (typeof id !== 'string' || typeof type !== 'string' || !isLegacyType(type)) return undefined;
  const timestampNs = typeof timestamp === 'string' ? parseTime(timestamp) : undefined;
  if (timestampNs === undefined) return undefined;
  return {
    type,
    containerId: id,
    processId: typeof pid === 'string' ? pid : '',
    status: typeof status === 'number' && Number.isInteger(status) ? status : 0,
    // Not unique by start, but by time: an imported exit stands for no start of ours.
    startKey: `journal:${timestamp as string}`,
    timestampNs,
  };
}

/** RFC 3339 with up to nanoseconds, as Go prints it. */
function parseTime(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [, seconds = '', fraction = '', zone = ''] = match;
  const ms = Date.parse(`${seconds}${zone}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
