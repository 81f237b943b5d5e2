import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Script } from 'node:vm';

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

  test('holdfastctl takes the cache of its compiled code; without one, or with one that is none, it runs all the same', async () => {
    const cache = join(directory, 'holdfastctl.cache');
    // As src/ctl/launch.ts reads it: accepted, or V8 would compile anew, in silence.
    const script = new Script(readFileSync(join(directory, 'holdfastctl.js'), 'latin1'), { cachedData: readFileSync(cache) });
    expect(script.cachedDataRejected).toBe(false);
    writeFileSync(cache, 'no cache');
    expect((await run('holdfastctl', '')).stdout).toMatch(/ \d+\.\d+\.\d+/);
    rmSync(cache);
    expect((await run('holdfastctl', '')).stdout).toMatch(/ \d+\.\d+\.\d+/);
  });

  test('holdfastctl has no grpc-js, which takes longer to load than all of it', () => {
    expect(readFileSync(join(directory, 'holdfastctl.js'), 'latin1')).not.toContain('grpc-js');
  });

  test('has no fault points, and refuses to be asked for faults', async () => {
    await expect(run('holdfastd', 'daemon.log.append=kill')).rejects.toThrow(/this build has no fault points/);
    for (const program of ['holdfastd', 'holdfast-shim']) {
      expect(readFileSync(join(directory, program), 'utf8')).not.toContain('faultPoint(');
    }
  });
});
