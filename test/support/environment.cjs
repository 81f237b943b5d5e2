// jest's environment of each test file: Node's, and a file fails that leaves FIFOs open below a test's directory.
// The files of a project run in one process: one stream left open keeps it from ending when all is over, for ever.
const { readdirSync, readlinkSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { TestEnvironment } = require('jest-environment-node');

// What better-sqlite3 makes must not become garbage while this process lives (src/sys/lasting-database.ts), and what a test file has made does once it is
// over. The native part is one for all files of a process.
const everMade = [];
const { prototype } = require('better-sqlite3/build/Release/better_sqlite3.node').Database;
for (const name of ['prepare', 'exec', 'close']) {
  const own = prototype[name];
  prototype[name] = function keeping(...args) {
    everMade.push(this);
    const made = Reflect.apply(own, this, args);
    if (typeof made === 'object') everMade.push(made);
    return made;
  };
}

class HoldfastEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.testPath = context.testPath;
  }

  async setup() {
    await super.setup();
    this.openBefore = new Set(openBelowTestDirectories());
    this.pipesBefore = pipes();
  }

  async teardown() {
    await super.teardown();
    // A stream that was destroyed closes its descriptor in a turn of the event loop.
    await new Promise((resolve) => { setImmediate(() => { setImmediate(resolve); }); });
    const left = openBelowTestDirectories().filter((name) => !this.openBefore.has(name));
    // Descriptors alone, as the log's, which lives as long as its process, keep nothing waiting.
    if (left.length > 0 && pipes() > this.pipesBefore) throw new Error(`${this.testPath} left open: ${left.join(', ')}`);
  }
}

/** Streams of pipes and FIFOs that the event loop waits for. */
function pipes() {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length;
}

function openBelowTestDirectories() {
  const directories = join(tmpdir(), 'holdfast-');
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(directories) ? [`${fd} -> ${target}`] : [];
    } catch {
      // Closed meanwhile: the directory's own descriptor, too.
      return [];
    }
  });
}

module.exports = HoldfastEnvironment;
