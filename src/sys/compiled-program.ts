import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';

/** Hexadecimal digits of a SHA-256. */
const digestLength = 64;

/** A bundle, which build.mjs makes a function of these. */
type Program = (require: NodeJS.Require, module: { exports: unknown }) => void;

/**
 * Runs the bundle `<path>.js` with the code that V8 has made of it before, `<path>.cache` (scripts/code-cache.mjs). Compiling it anew takes as long as all else that
 * a quick verb does. V8 rejects a cache of another V8, or of one with other flags, by itself; of the source it looks at the length alone, so the cache begins
 * with the digest that the bundle has in its first line. One that does not fit, or is missing, is done without.
 * @returns what the bundle exports
 */
export function runCompiled(path: string, require: NodeJS.Require): unknown {
  const filename = `${path}.js`;
  // It is ASCII, which is read and kept at half the cost of UTF-8.
  const source = readFileSync(filename, 'latin1');
  const script = new Script(source, { filename, cachedData: cacheFor(source, `${path}.cache`) });
  const module = { exports: {} };
  (script.runInThisContext() as Program)(require, module);
  return module.exports;
}

function cacheFor(source: string, path: string): Buffer | undefined {
  try {
    const cache = readFileSync(path);
    return source.startsWith(`//${cache.toString('latin1', 0, digestLength)}\n`) ? cache.subarray(digestLength) : undefined;
  } catch {
    return undefined;
  }
}
