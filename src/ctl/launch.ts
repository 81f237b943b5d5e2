// What bin/holdfastctl is: it runs the program beside it, with the code that V8 has made of it before (scripts/code-cache.mjs). Compiling
// it anew takes as long as all else that `status` does. A cache of another V8 is rejected by itself, and one that is missing is done without.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

function readCache(): Buffer | undefined {
  try {
    return readFileSync(join(__dirname, 'holdfastctl.cache'));
  } catch {
    return undefined;
  }
}

const filename = join(__dirname, 'holdfastctl.js');
// It is ASCII, which is read and kept at half the cost of UTF-8.
const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData: readCache() });
(script.runInThisContext() as (load: NodeJS.Require) => void)(require);
