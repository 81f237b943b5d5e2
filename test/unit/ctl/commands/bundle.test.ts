import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv';
import { readTerminal } from '../../../../src/ctl/bundle/read';
import { run } from '../../../../src/ctl/program/run';
import { FakeIo } from '../support/fake-io';

let parent: string;
let directory: string;
let io: FakeIo;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'holdfast-ctl-test-'));
  directory = join(parent, 'web');
  io = new FakeIo();
});

afterEach(() => {
  rmSync(parent, { recursive: true });
});

function bundle(...args: string[]): Promise<number> {
  return run(['bundle', directory, ...args], io);
}

interface Spec {
  readonly process: { readonly args: string[]; readonly env: string[]; readonly terminal: boolean };
  readonly root: { readonly path: string };
  readonly hostname: string;
  readonly linux: { readonly cgroupsPath: string; readonly namespaces: { type: string }[]; readonly resources: object };
}

const fixture = join(__dirname, '../../../fixtures/oci-schema/config.schema.json');
const isValid = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(fixture, 'utf8')) as object);

/** What was written, which is valid by the schema of the OCI whenever it is looked at. */
function spec(): Spec {
  const written: unknown = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'));
  isValid(written);
  expect(isValid.errors).toBeNull();
  return written as Spec;
}

test('the default: busybox, namespaces of its own, no limits', async () => {
  expect(await bundle('--', 'sh', '-c', 'exit 3')).toBe(0);
  expect(io.lines).toEqual([directory]);
  expect(spec()).toMatchObject({
    ociVersion: '1.0.2',
    process: { args: ['sh', '-c', 'exit 3'], cwd: '/', terminal: false, user: { uid: 0, gid: 0 } },
    root: { path: 'rootfs' },
    hostname: 'web',
    linux: {
      cgroupsPath: '/holdfast/web',
      namespaces: ['mount', 'ipc', 'uts', 'pid', 'network'].map((type) => ({ type })),
      resources: { devices: [{ allow: false, access: 'rwm' }] },
    },
  });
  expect(Object.keys(spec().linux.resources)).toEqual(['devices']);
});

test('a root file system of busybox', async () => {
  await bundle('--', 'sh');
  const rootfs = join(directory, 'rootfs');
  for (const name of ['proc', 'dev', 'sys', 'tmp', 'etc', 'root', 'run', 'var']) {
    expect(lstatSync(join(rootfs, name)).isDirectory()).toBe(true);
  }
  expect(lstatSync(join(rootfs, 'tmp')).mode & 0o7777).toBe(0o1777);
  expect(lstatSync(join(rootfs, 'bin/busybox')).isFile()).toBe(true);
  expect(readlinkSync(join(rootfs, 'bin/sh'))).toBe('busybox');
  expect(existsSync(join(rootfs, 'usr/bin/env'))).toBe(true);
});

test('options', async () => {
  const limits = ['--memory', '64m', '--pids-limit', '20'];
  const names = ['--hostname', 'h', '-e', 'A=1', '--env', 'B=2', '--cwd', '/tmp', '--tty'];
  expect(await bundle(...limits, ...names, '--no-pid-namespace', '--host-network', '--', 'sh')).toBe(0);
  expect(spec()).toMatchObject({
    process: { terminal: true, cwd: '/tmp' },
    hostname: 'h',
    linux: {
      namespaces: ['mount', 'ipc', 'uts'].map((type) => ({ type })),
      resources: { memory: { limit: 67_108_864 }, pids: { limit: 20 } },
    },
  });
  expect(spec().process.env).toEqual([expect.stringMatching(/^PATH=/), 'TERM=vt100', 'A=1', 'B=2']);
  expect(readTerminal(directory)).toBe(true);
});

test('a config.json that is there is left alone, but for --force', async () => {
  mkdirSync(directory);
  writeFileSync(join(directory, 'config.json'), 'mine');
  expect(await bundle('--', 'sh')).toBe(2);
  expect(io.stderr.text).toContain('--force');
  expect(readFileSync(join(directory, 'config.json'), 'utf8')).toBe('mine');
  expect(existsSync(join(directory, 'rootfs'))).toBe(false);
  expect(await bundle('--force', '--', 'sh')).toBe(0);
  expect(spec().process.args).toEqual(['sh']);
  expect(await bundle('--force', '--', 'ls')).toBe(0);
  expect(spec().process.args).toEqual(['ls']);
});

test("another's root file system: relative inside of the bundle, absolute outside", async () => {
  mkdirSync(join(directory, 'my/root'), { recursive: true });
  expect(await bundle('--rootfs', join(directory, 'my/root'), '--', 'sh')).toBe(0);
  expect(spec().root.path).toBe('my/root');
  expect(await bundle('--rootfs', parent, '--force', '--', 'sh')).toBe(0);
  expect(spec().root.path).toBe(parent);
});

test.each([
  [['--rootfs', '/nowhere', '--', 'sh'], 'no such directory: /nowhere'],
  [['--cwd', 'tmp', '--', 'sh'], 'no absolute path'],
  [['--memory', 'much', '--', 'sh'], 'A size is wanted'],
  [[], 'missing required argument'],
])('%j is 2', async (args, text) => {
  expect(await bundle(...args)).toBe(2);
  expect(io.stderr.text).toContain(text);
  expect(existsSync(directory)).toBe(false);
});

test('a bundle that cannot be read', () => {
  mkdirSync(directory);
  expect(() => readTerminal(directory)).toThrow(/config\.json: ENOENT/);
  writeFileSync(join(directory, 'config.json'), '{');
  expect(() => readTerminal(directory)).toThrow(/cannot read/);
  writeFileSync(join(directory, 'config.json'), '[]');
  expect(readTerminal(directory)).toBe(false);
});
