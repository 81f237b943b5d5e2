// jest's globalSetup: one directory for what the tests of a run share (the root file system of their
// containers). Its path goes to the tests through the environment; run-directory-end.cjs removes it.
const { mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

module.exports = () => {
  process.env.HOLDFAST_TEST_RUN_DIR ??= mkdtempSync(join(tmpdir(), 'holdfast-run-'));
};
