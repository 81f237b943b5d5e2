import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { binDirectory } from '../../support/daemon-process';

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

  test('the code that V8 has made is not taken for another source of the same length, as V8 itself would take it', async () => {
    const bundle = join(directory, 'holdfastctl.js');
    const source = readFileSync(bundle, 'latin1');
    const other = source.replace(/(version\d*\s*=\s*"\d+\.\d+\.)\d"/, '$1x"');
    writeFileSync(bundle, other);
    expect((await run('holdfastctl', '')).stdout).not.toMatch(/\.x\n/);
    writeFileSync(bundle, other.replace(/^\/\/\w{64}/, `//${'0'.repeat(64)}`));
    expect((await run('holdfastctl', '')).stdout).toMatch(/\.x\n/);
    writeFileSync(bundle, source);
  });

  test.each(['holdfastctl', 'holdfastd'])('%s takes the code that V8 has made; without it, or with what is none, it runs all the same', async (program) => {
    const cache = join(directory, `${program}.cache`);
    // With the flags that it is run with: for others V8 would compile anew, in silence.
    const flags = /exec node (.*) "\$0"/.exec(readFileSync(join(directory, program), 'utf8'))?.[1]?.split(' ') ?? [];
    const look = `const { readFileSync } = require('node:fs');
      const cachedData = readFileSync('${cache}').subarray(64);
      console.log(new (require('node:vm').Script)(readFileSync('${join(directory, program)}.js', 'latin1'), { cachedData }).cachedDataRejected);`;
    expect(execFileSync('node', [...flags, '--eval', look], { encoding: 'utf8' })).toBe('false\n');
    writeFileSync(cache, 'no cache');
    expect((await run(program, '')).stdout).toMatch(/ \d+\.\d+\.\d+/);
    rmSync(cache);
    expect((await run(program, '')).stdout).toMatch(/ \d+\.\d+\.\d+/);
  });

  test.each(['holdfastctl', 'holdfastctl-names'])('%s has no grpc-js, which takes longer to load than all of it', (name) => {
    expect(readFileSync(join(directory, `${name}.js`), 'latin1')).not.toContain('grpc-js');
  });

  test('holdfastd has the half of grpc-js that serves, and of the other nothing', () => {
    const text = readFileSync(join(directory, 'holdfastd.js'), 'latin1');
    expect(text).toContain('grpc-js/build/src/server.js');
    expect(text).not.toMatch(/grpc-js\/build\/src\/(?:index|client|channel|subchannel|make-client|resolver-dns)\.js/);
  });

  test('holdfastctl reads no certificates of NODE_EXTRA_CA_CERTS at its start, as Node 20 does, and tells of those that cannot be read', async () => {
    const { stderr } = await promisify(execFile)(join(directory, 'holdfastctl'), ['--version'], { env: { ...process.env, NODE_EXTRA_CA_CERTS: '/no/such' } });
    expect(stderr).toBe('');
  });

  test('has no fault points, and refuses to be asked for faults', async () => {
    await expect(run('holdfastd', 'daemon.log.append=kill')).rejects.toThrow(/this build has no fault points/);
    for (const program of ['holdfastd.js', 'holdfast-shim']) {
      expect(readFileSync(join(directory, program), 'utf8')).not.toContain('faultPoint(');
    }
  });

  test('names for completions need no more than that: nothing of what other verbs do', async () => {
    rmSync(join(directory, 'holdfastctl.js'));
    // There is no daemon: it says nothing, and is content.
    expect(await promisify(execFile)(join(directory, 'holdfastctl'), ['--address', '/no/such', '__names'])).toEqual({ stdout: '', stderr: '' });
  });
});
