import type { Event } from '../../api/gen/holdfast/v1/events';
import { formatUptime } from './duration';
import { signalName } from '../../runtime/text/signals';
import { formatMoment } from './timestamp';

/** How a process ended, in words: `exit status 1`, `killed by SIGKILL`. */
export function endWords(exitStatus: number): string {
  const signal = exitStatus > 128 ? signalName(exitStatus - 128) : undefined;
  return signal === undefined ? `exit status ${String(exitStatus)}` : `killed by ${signal}`;
}

/** `exit unknown (host rebooted)`: nobody has seen the end; undefined where somebody has. */
export function unknownEndWords({ detail }: Pick<Event, 'detail'>): string | undefined {
  const { unknown } = detailOf<{ readonly unknown?: string }>(detail);
  return unknown === undefined ? undefined : `exit unknown (${unknown})`;
}

/** How long something ran: `after 0.3 s`, `after 1 day, 2:03:04`; empty where that is not known. */
export function ranWords(ranNs: bigint): string {
  if (ranNs === 0n) return '';
  const seconds = Number(ranNs / 1_000_000n) / 1000;
  return seconds < 60 ? ` after ${seconds.toFixed(1)} s` : ` after ${formatUptime(seconds)}`;
}

/** Of a program that waits for its next start, or is given up: why, and for how long. */
export function pauseWords({ detail }: Pick<Event, 'detail'>): string {
  const { reason = '', pause_seconds: seconds } = detailOf<{ readonly reason?: string; readonly pause_seconds?: number }>(detail);
  return [reason, ...(seconds === undefined ? [] : [nextStartWords(seconds)])].filter((part) => part !== '').join(', ');
}

function nextStartWords(seconds: number): string {
  return `next start in ${String(Math.round(seconds * 10) / 10)} s`;
}

/** @param ranNs of an exit: how long it had run; 0 where that is not known */
function describe(event: Event, ranNs: bigint): string {
  const { type, exit_status: status, process, pid, by, detail } = event;
  const who = by === undefined ? '' : ` by uid ${String(by.uid)} (pid ${String(by.pid)})`;
  const whom = process === '' || process === 'init' ? '' : `${process}: `;
  switch (type) {
    case 'exit':
      return `${whom}${endWords(status)}${ranWords(ranNs)}`;
    case 'start-container':
    case 'start-process':
      return `${whom}pid ${String(pid)}`;
    case 'signal':
    case 'stop': {
      const { signal } = detailOf<{ readonly signal?: number }>(detail);
      return `${signal === undefined ? '' : (signalName(signal) ?? String(signal))}${who}`;
    }
    case 'backoff': {
      const { pause_seconds: seconds } = detailOf<{ readonly pause_seconds?: number }>(detail);
      return seconds === undefined ? '' : nextStartWords(seconds);
    }
    case 'fatal':
      return detailOf<{ readonly reason?: string }>(detail).reason ?? '';
    case 'health': {
      const { from, to, reason } = detailOf<{ readonly from?: string; readonly to?: string; readonly reason?: string }>(detail);
      return `${from ?? ''} -> ${to ?? ''}${reason === undefined || reason === '' ? '' : `: ${reason}`}`;
    }
    default:
      return `${whom === '' ? '' : process}${who}`.trim();
  }
}

/** Members that a daemon of another version leaves out are not told. */
function detailOf<Detail>(detail: string): Partial<Detail> {
  return (detail === '' ? {} : JSON.parse(detail)) as Partial<Detail>;
}

/** One event as a line: when, its id, what, whose, and what there is to say of it. @param ranNs of an exit: how long it had run; 0 where that is not known */
export function eventLine(event: Event, ranNs = 0n): string {
  const { id, time, type, name } = event;
  const at = time === undefined ? '' : `${formatMoment(time).slice(0, 23)}Z`;
  return `${at}  ${String(id).padEnd(6)}${type.padEnd(18)}${name.padEnd(16)}  ${describe(event, ranNs)}`.trimEnd();
}
