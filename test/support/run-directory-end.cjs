// jest's globalTeardown: removes the directory that run-directory.cjs made.
const { rmSync } = require('node:fs');

module.exports = () => {
  const directory = process.env.HOLDFAST_TEST_RUN_DIR;
  delete process.env.HOLDFAST_TEST_RUN_DIR;
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
};
