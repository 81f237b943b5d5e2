import { readFileSync, readdirSync } from 'node:fs';

/** The process that has these words as its arguments; undefined: none is seen. A program that is started beside itself is what an import must not lead to. */
export function runningPid(words: readonly string[]): number | undefined {
  const arguments_ = `${words.join('\0')}\0`;
  return readdirSync('/proc').map(Number).filter((pid) => pid > 0).find((pid) => {
    try {
      return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8') === arguments_;
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}
