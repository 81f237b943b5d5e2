/** What sd_notify(3) tells that matters here. */
export interface Said {
  /** Since its start. */
  readonly isReady: boolean;
  /** When it last said that it is alive: milliseconds since the host's boot; undefined: it has not. */
  readonly aliveMs: number | undefined;
}

export const nothingSaid: Said = { isReady: false, aliveMs: undefined };

/** What is known with one more message. */
export function saidWith({ isReady, aliveMs }: Said, message: string, nowMs: number): Said {
  const lines = message.split('\n');
  return { isReady: isReady || lines.includes('READY=1'), aliveMs: lines.includes('WATCHDOG=1') ? nowMs : aliveMs };
}

/** What is known by both; the later one counts. */
export function saidByBoth(a: Said, b: Said): Said {
  const alive = [a.aliveMs, b.aliveMs].filter((ms) => ms !== undefined);
  return { isReady: a.isReady || b.isReady, aliveMs: alive.length === 0 ? undefined : Math.max(...alive) };
}
