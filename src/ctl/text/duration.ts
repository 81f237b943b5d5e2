const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * An uptime as supervisorctl shows it, which is how Python writes a time span:
 * `0:02:05`, `1 day, 3:00:00`, `12 days, 0:00:01`.
 */
export function formatUptime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const twoDigits = (n: number): string => String(n).padStart(2, '0');
  const clock = `${Math.floor((whole % 86_400) / 3600)}:${twoDigits(Math.floor((whole % 3600) / 60))}:${twoDigits(whole % 60)}`;
  if (days === 0) return clock;
  return `${days} ${days === 1 ? 'day' : 'days'}, ${clock}`;
}

/** `90s`, `1h30m`, `2d`, `1.5m`: in seconds. Undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?[smhd])+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount = '0', unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)) {
    seconds += Number(amount) * (unitSeconds[unit] ?? 0);
  }
  return seconds;
}

/** In two units at most, as tables have it: `9s`, `12m`, `1d 2h`. */
export function formatShort(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${String(whole)}s`;
  if (whole < 3600) return `${String(Math.floor(whole / 60))}m`;
  const hours = Math.floor(whole / 3600);
  if (hours < 24) return `${String(hours)}h ${String(Math.floor((whole % 3600) / 60))}m`;
  return `${String(Math.floor(hours / 24))}d ${String(hours % 24)}h`;
}
