const swc = ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }];
const common = {
  transform: { '^.+\\.(t|j)s$': swc },
  // p-queue and what it imports ship as ES modules only.
  transformIgnorePatterns: ['/node_modules/(?!(p-queue|p-timeout|eventemitter3|is-network-error)/)'],
  testEnvironment: '<rootDir>/test/support/environment.cjs',
  globalSetup: '<rootDir>/test/support/run-directory.cjs',
  globalTeardown: '<rootDir>/test/support/run-directory-end.cjs',
};

/** jest takes every word after --selectProjects for a project, up to the next option: a file named there would have whole suites run. */
function refuseFilesAsProjects(words, projects) {
  let isProject = false;
  for (const word of words) {
    if (word.startsWith('-')) isProject = /^--selectProjects?\b/.test(word);
    else if (isProject && !projects.includes(word)) throw new Error(`jest takes ${word} for a project: write --testPathPatterns or --runTestsByPath before it`);
  }
}
refuseFilesAsProjects(process.argv.slice(2), ['unit', 'integration', 'fault', 'real']);

/** @type {import('jest').Config} */
module.exports = {
  // For a file or two by hand; what runs side by side, and what cannot, is in the Makefile.
  maxWorkers: 1,
  // Not five seconds: a busy machine is no failure, and who waits for something in vain says so before (test/support/deadline.ts).
  testTimeout: 60_000,
  // A worker has ended once it is asked to, and then gives back its memory, for 0.4 to 0.7 s on a slow machine: after half a second jest would call that a leak.
  workerGracefulExitTimeout: 20_000,
  // A watchman that is installed and cannot start makes jest wait for it for minutes.
  watchman: false,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    { ...common, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.test.ts'] },
    { ...common, displayName: 'fault', testMatch: ['<rootDir>/test/fault/**/*.test.ts'] },
    // Debian's ctr, Docker and docker-compose as clients: `make test-real`.
    { ...common, displayName: 'real', testMatch: ['<rootDir>/test/real/**/*.test.ts'] },
  ],
};
