const mostShown = 3;

/** Those of `known` that a typing error or two make of `wanted`, or that begin with it: at most three, the nearest first; two errors only where one is not enough. */
export function nearNames(wanted: string, known: readonly string[]): string[] {
  const most = wanted.length <= 3 ? 1 : 2;
  const near = known.flatMap((name) => {
    const distance = name.startsWith(wanted) ? 0 : distanceOf(wanted, name);
    return distance <= most ? [{ name, distance }] : [];
  });
  const likely = near.some(({ distance }) => distance <= 1) ? near.filter(({ distance }) => distance <= 1) : near;
  return likely.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1)).slice(0, mostShown).map(({ name }) => name);
}

/** Insertions, deletions, replacements and swaps of neighbours that make one of the other (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.MAX_SAFE_INTEGER,
      ));
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
