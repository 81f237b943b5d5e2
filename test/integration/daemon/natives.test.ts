import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { binDirectory } from '../../support/daemon-process';

const packages = resolve(binDirectory, '../node_modules');

describe('native packages that cannot be loaded', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-natives-'));
    mkdirSync(join(directory, 'bin'));
    for (const name of ['holdfastd', 'holdfastd.js', 'holdfast-records']) cpSync(join(binDirectory, name), join(directory, 'bin', name));
    mkdirSync(join(directory, 'node_modules'));
    for (const name of ['re2js', 'bindings', 'file-uri-to-path']) symlinkSync(join(packages, name), join(directory, 'node_modules', name));
  });
  afterEach(() => { rmSync(directory, { recursive: true }); });

  /** As somebody starts it who has another Node than they were built for. */
  function holdfastd(): { readonly status: number | null; readonly stderr: string } {
    const { status, stderr } = spawnSync(join(directory, 'bin/holdfastd'), ['--state-dir', join(directory, 'state'), '--listen', `unix://${directory}/api.sock`], { encoding: 'utf8', timeout: 60_000 });
    return { status, stderr };
  }

  test('SQLite of another Node: one line that says what to do', () => {
    for (const name of ['koffi', '@koromix']) symlinkSync(join(packages, name), join(directory, 'node_modules', name));
    const sqlite = join(directory, 'node_modules/better-sqlite3');
    for (const part of ['package.json', 'lib']) cpSync(join(packages, 'better-sqlite3', part), join(sqlite, part), { recursive: true });
    mkdirSync(join(sqlite, 'build/Release'), { recursive: true });
    writeFileSync(join(sqlite, 'build/Release/better_sqlite3.node'), 'of no machine');
    expectOneLine(/^holdfastd: a native package cannot be loaded by Node v\d+.*better_sqlite3\.node/);
  });

  test('koffi is not there: one line that names it', () => {
    symlinkSync(join(packages, 'better-sqlite3'), join(directory, 'node_modules/better-sqlite3'));
    expectOneLine(/^holdfastd: a native package cannot be loaded by Node v\d+.*'koffi'/);
  });

  test('koffi is asked for its binding alone, which is loaded in half the time; where that is not, it looks for it itself', () => {
    symlinkSync(join(packages, 'better-sqlite3'), join(directory, 'node_modules/better-sqlite3'));
    symlinkSync(join(packages, '@koromix'), join(directory, 'node_modules/@koromix'));
    expect(version()).toMatch(/ \d+\.\d+\.\d+/);
    rmSync(join(directory, 'node_modules/@koromix'));
    // It finds what lies beside its real path.
    symlinkSync(join(packages, 'koffi'), join(directory, 'node_modules/koffi'));
    expect(version()).toMatch(/ \d+\.\d+\.\d+/);
  });

  function version(): string {
    return spawnSync(join(directory, 'bin/holdfastd'), ['--version'], { encoding: 'utf8', timeout: 60_000 }).stdout;
  }

  function expectOneLine(pattern: RegExp): void {
    const { status, stderr } = holdfastd();
    expect(status).toBe(1);
    const [first = '', second = '', ...more] = stderr.trimEnd().split('\n');
    expect(first).toMatch(pattern);
    expect(second).toContain('npm rebuild');
    expect(more).toEqual([]);
  }
});
