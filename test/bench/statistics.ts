/** Measurements in a nutshell. */
export interface Summary {
  readonly count: number;
  readonly least: number;
  readonly median: number;
  readonly p99: number;
  readonly most: number;
}

/** The value below which that share of the values lies, by nearest rank; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return (quantile(values, 0.5) + quantile(values, 0.5 + 1 / (2 * Math.max(1, values.length)))) / 2;
}

export function summarize(values: readonly number[]): Summary {
  return {
    count: values.length,
    least: quantile(values, 0),
    median: median(values),
    p99: quantile(values, 0.99),
    most: quantile(values, 1),
  };
}
