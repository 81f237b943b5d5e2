import { constants } from 'node:os';

/** Real-time signals as the C library numbers them (signal(7)): 32 and 33 are its own. */
const FIRST_REAL_TIME = 34;
const LAST_REAL_TIME = 64;

/**
 * The number of a signal named like `HUP`, `SIGHUP`, `hup`, `1`, `RTMIN+2` or `RTMAX-1`.
 * Undefined when there is no such signal. 0 is none: it would only ask whether the process exists.
 */
export function signalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= LAST_REAL_TIME ? number : undefined;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realTime !== null) return realTimeSignal(realTime);
  const known: Readonly<Record<string, number | undefined>> = constants.signals;
  return Object.hasOwn(constants.signals, `SIG${name}`) ? known[`SIG${name}`] : undefined;
}

function realTimeSignal(match: RegExpExecArray): number | undefined {
  const [, end, sign, digits = '0'] = match;
  const base = end === 'MIN' ? FIRST_REAL_TIME : LAST_REAL_TIME;
  const number = base + (sign === '-' ? -1 : 1) * Number(digits);
  return number >= FIRST_REAL_TIME && number <= LAST_REAL_TIME ? number : undefined;
}

/** `SIGTERM` for 15; undefined where no signal has the number. */
export function signalName(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, known]) => known === number)?.[0];
}
