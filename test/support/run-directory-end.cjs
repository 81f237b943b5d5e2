// jest's globalTeardown: removes the directory that run-directory.cjs made, and sees to it that the run ends.
const { rmSync } = require('node:fs');

/** What is over ends at once: a process that lives on for so long never ends by itself. */
const graceMs = 20_000;

module.exports = () => {
  const directory = process.env.HOLDFAST_TEST_RUN_DIR;
  delete process.env.HOLDFAST_TEST_RUN_DIR;
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  // Not waited for: it fires only where something that a test has left keeps this process. CI would wait for its own end.
  setTimeout(() => {
    process.stderr.write(`jest: all tests are over, and this process lives on: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  }, graceMs).unref();
};
