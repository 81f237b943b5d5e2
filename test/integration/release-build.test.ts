import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { binDirectory } from '../support/daemon-process';

describe('what is packaged', () => {
  // Below the project, where the native packages are found.
  let directory: string;
  beforeAll(() => {
    mkdirSync(binDirectory, { recursive: true });
    directory = mkdtempSync(join(binDirectory, 'release-'));
    execFileSync('node', [resolve(binDirectory, '../build.mjs'), '--release', '--out', directory], { cwd: resolve(binDirectory, '..') });
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  const run = (program: string, faults: string) =>
    promisify(execFile)(join(directory, program), ['--version'], { env: { PATH: process.env['PATH'], HOLDFAST_FAULTS: faults } });

  test('runs as ever', async () => {
    for (const program of ['holdfastd', 'holdfast-shim', 'holdfastctl']) expect((await run(program, '')).stdout).toMatch(/ \d+\.\d+\.\d+/);
  });

  test('has no fault points, and refuses to be asked for faults', async () => {
    await expect(run('holdfastd', 'daemon.log.append=kill')).rejects.toThrow(/this build has no fault points/);
    for (const program of ['holdfastd', 'holdfast-shim']) {
      expect(readFileSync(join(directory, program), 'utf8')).not.toContain('faultPoint(');
    }
  });
});
