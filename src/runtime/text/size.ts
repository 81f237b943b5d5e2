const factors: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes from `64m`, `64M`, `64MiB`, `1.5g` or `4096`: powers of 1024. Undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|(b))?$/i.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] ?? match[3] ?? '').toLowerCase();
  const bytes = Math.floor(Number(match[1]) * (factors[unit] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `412M`, `1.0G`, `3.0K`, `0`: powers of 1024, with a decimal where one digit stands before it. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    unit += 1;
  }
  const number = unit > 0 && value < 10 ? value.toFixed(1) : String(Math.round(value));
  return `${number}${['', 'K', 'M', 'G', 'T'][unit] ?? ''}`;
}
