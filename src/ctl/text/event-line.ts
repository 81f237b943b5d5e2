import type { Event } from '../../api/gen/holdfast/v1/events';
import { formatUptime } from './duration';
import { signalName } from '../../runtime/text/signals';
import { formatMoment } from './timestamp';

/** How a process ended, in words: `exit status 1`, `killed by SIGKILL`. */
export function endWords(exitStatus: number): string {
  const signal = exitStatus > 128 ? signalName(exitStatus - 128) : undefined;
  return signal === undefined ? `exit status ${String(exitStatus)}` : `killed by ${signal}`;
}

/** How long something ran: `after 0.3 s`, `after 1 day, 2:03:04`; empty where that is not known. */
export function ranWords(ranNs: bigint): string {
  if (ranNs === 0n) return '';
  const seconds = Number(ranNs / 1_000_000n) / 1000;
  return seconds < 60 ? ` after ${seconds.toFixed(1)} s` : ` after ${formatUptime(seconds)}`;
}

function describe(event: Event): string {
  const { type, exit_status: status, process, pid, by, detail } = event;
  const who = by === undefined ? '' : ` by uid ${String(by.uid)} (pid ${String(by.pid)})`;
  const whom = process === '' || process === 'init' ? '' : `${process}: `;
  switch (type) {
    case 'exit':
      return `${whom}${endWords(status)}`;
    case 'start-container':
    case 'start-process':
      return `${whom}pid ${String(pid)}`;
    case 'signal':
    case 'stop': {
      const { signal } = (detail === '' ? {} : JSON.parse(detail)) as { signal?: number };
      return `${signal === undefined ? '' : (signalName(signal) ?? String(signal))}${who}`;
    }
    default:
      return `${whom === '' ? '' : process}${who}`.trim();
  }
}

/** One event as a line: when, its id, what, whose, and what there is to say of it. */
export function eventLine(event: Event): string {
  const { id, time, type, name } = event;
  const at = time === undefined ? '' : `${formatMoment(time).slice(0, 23)}Z`;
  return `${at}  ${String(id).padEnd(6)}${type.padEnd(18)}${name.padEnd(16)}  ${describe(event)}`.trimEnd();
}
