// jest's globalSetup: one directory for what the tests of a run share (the root file system of their
// containers). Its path goes to the tests through the environment; run-directory-end.cjs removes it.
const { chmodSync, mkdtempSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

module.exports = () => {
  // Node 20 reads all of these certificates at each start, which takes longer than all else that it does then; a test with a daemon starts five of them.
  // What tests trust is their own.
  delete process.env.NODE_EXTRA_CA_CERTS;
  if (process.env.HOLDFAST_TEST_RUN_DIR !== undefined) return;
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-run-'));
  // The root of a container with a user namespace is nobody on the host, and has to get to its root file system.
  chmodSync(directory, 0o711);
  process.env.HOLDFAST_TEST_RUN_DIR = directory;
};
