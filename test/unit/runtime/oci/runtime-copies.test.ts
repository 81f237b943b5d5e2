import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, copyFileSync, ftruncateSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { findProgram } from '../../../../src/runtime/foreign/programs';
import { RuntimeCopies } from '../../../../src/runtime/oci/runtime-copies';
import { SealedCopy } from '../../../../src/runtime/oci/sealed-copy';
import { SysError } from '../../../../src/sys/errors';
import { libc } from '../../../../src/sys/native';
import { Scratch, countDescriptors, deferred } from '../../sys/resources';

const F_GET_SEALS = 1034;
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE of fcntl(2). */
const ALL_SEALS = 0xf;
const RLIMIT_NOFILE = 7;
const MARK = '_cloned:/proc/self/exe';

let scratch: Scratch;
let descriptorsBefore: number;
let copies: RuntimeCopies;
let said: string[];
let told: { readonly promise: Promise<void>; readonly resolve: () => void };

beforeEach(async () => {
  descriptorsBefore = await countDescriptors();
  scratch = new Scratch();
  said = [];
  expectWord();
  const say = (text: string): void => {
    said.push(text);
    told.resolve();
  };
  copies = new RuntimeCopies({ info: say, error: say });
  copies.allow(true);
});

afterEach(async () => {
  copies.close();
  copies.close();
  scratch.remove();
  expect(await countDescriptors()).toBe(descriptorsBefore);
});

function expectWord(): void {
  const { promise, resolve } = deferred<undefined>();
  told = { promise: promise.then(() => undefined), resolve: () => { resolve(undefined); } };
}

/** A program that says what it is run from, and would make such copies itself if it were a runtime. */
function writeProgram(name = 'runtime', mark = MARK): string {
  const path = scratch.file(name);
  copyFileSync('/bin/busybox', path);
  appendFileSync(path, mark);
  return path;
}

function outputOf(file: string, ...args: readonly string[]): string {
  const { error, stdout } = spawnSync(file, args, { argv0: 'busybox', encoding: 'utf8' });
  if (error !== undefined) throw error;
  return stdout.trim();
}

function launch<T>(program: string, run: (file: string) => Promise<T>): Promise<T> {
  return copies.launch(program, findProgram(program).version, run);
}

function exeOf(program: string): Promise<string> {
  return launch(program, async (file) => {
    await Promise.resolve();
    return outputOf(file, 'readlink', '/proc/self/exe');
  });
}

/** Has the copy made, and waits until it is. */
async function untilCopied(program: string): Promise<void> {
  expectWord();
  expect(await exeOf(program)).toBe(program);
  await told.promise;
  expect(said.at(-1)).toBe(`${program} is run from a copy in memory`);
}

test('a runtime is run from its file until its copy is there, and from that afterwards', async () => {
  const program = writeProgram();
  await untilCopied(program);
  expect(await exeOf(program)).toBe('/memfd:runtime (deleted)');
  expect(said).toHaveLength(1);
});

test('the copy is the program, byte for byte, and nobody can change it', async () => {
  const program = writeProgram();
  // Several of the chunks that are read, and a part of one.
  appendFileSync(program, randomBytes(2_500_000));
  await untilCopied(program);
  await launch(program, async (file) => {
    await Promise.resolve();
    expect(readFileSync(file).equals(readFileSync(program))).toBe(true);
    const fd = Number(file.replace('/proc/self/fd/', ''));
    expect(libc.fcntl(fd, F_GET_SEALS, 0)).toBe(ALL_SEALS);
    expect(() => { writeFileSync(fd, 'x'); }).toThrow('EPERM');
    expect(() => { ftruncateSync(fd, 0); }).toThrow('EPERM');
  });
});

test('a runtime that is updated is run from its new file, and then from a copy of that', async () => {
  const program = writeProgram();
  await untilCopied(program);
  renameSync(writeProgram('newer', `newer ${MARK}`), program);
  await untilCopied(program);
  expect(await exeOf(program)).toBe('/memfd:runtime (deleted)');
  // In place, its size as it was.
  expectWord();
  appendFileSync(program, 'x');
  await untilCopied(program);
});

test('a copy that is given up stays for the launch that has begun', async () => {
  const program = writeProgram();
  await untilCopied(program);
  await launch(program, async (file) => {
    copies.allow(false);
    await Promise.resolve();
    expect(outputOf(file, 'echo', 'here')).toBe('here');
  });
  expect(await exeOf(program)).toBe(program);
  expect(await countDescriptors()).toBe(descriptorsBefore);
});

test('nothing is copied where the daemon does not want it', async () => {
  copies.allow(false);
  const program = writeProgram();
  await exeOf(program);
  await exeOf(program);
  expect(said).toEqual([]);
});

test.each([
  ['a script', () => { writeFileSync(scratch.file('p'), `#!/bin/sh\n# ${MARK}\n`); }],
  ['a program that does not run from copies of itself', () => { writeProgram('p', ''); }],
  ['an empty file', () => { writeFileSync(scratch.file('p'), ''); }],
])('%s is not copied', async (_what, make) => {
  make();
  expect(await SealedCopy.of(scratch.file('p'))).toBeUndefined();
});

test('the words that tell a runtime are found wherever they stand', async () => {
  // Across the border of the chunks that are read.
  const path = scratch.file('split');
  writeFileSync(path, `\x7fELF${'.'.repeat(1024 * 1024 - 4 - 10)}${MARK}${'.'.repeat(100)}`);
  const copy = await SealedCopy.of(path);
  expect(copy).toBeDefined();
  copy?.release();
});

test('what may not be executed is not executed from a copy either', async () => {
  const program = writeProgram();
  chmodSync(program, 0o644);
  await expect(exeOf(program)).rejects.toThrow('EACCES');
  await told.promise;
  expect(said).toEqual([expect.stringContaining(`${program} cannot be copied into memory`)]);
  await expect(exeOf(program)).rejects.toThrow('EACCES');
  expect(said).toHaveLength(1);
});

test('a program that is not there is left to the launch', async () => {
  expect(await copies.launch('/nonexistent/runtime', undefined, (file) => Promise.resolve(file))).toBe('/nonexistent/runtime');
  expect(said).toEqual([]);
});

test('what descriptors were too few for is made up for', async () => {
  const program = writeProgram();
  const limit = Buffer.alloc(16);
  libc.getrlimit(RLIMIT_NOFILE, limit);
  const few = Buffer.from(limit);
  few.writeBigUInt64LE(3n);
  const { version } = findProgram(program);
  libc.setrlimit(RLIMIT_NOFILE, few);
  const launched = copies.launch(program, version, (file) => Promise.resolve(file));
  libc.setrlimit(RLIMIT_NOFILE, limit);
  expect(await launched).toBe(program);
  expect(said).toEqual([]);
  await untilCopied(program);
});

test('where the system refuses the copy, the program is run from its file for good', async () => {
  const program = writeProgram();
  await untilCopied(program);
  const launched: string[] = [];
  const refused = (file: string): Promise<string> => {
    launched.push(file);
    return file === program ? Promise.resolve(file) : Promise.reject(new SysError(constants.errno.EACCES, 'posix_spawn', file));
  };
  // Two at once, and one that comes later.
  expect(await Promise.all([launch(program, refused), launch(program, refused)])).toEqual([program, program]);
  expect(await launch(program, refused)).toBe(program);
  const copy = expect.stringMatching(/^\/proc\/self\/fd\/\d+$/) as string;
  expect(launched).toEqual([copy, copy, program, program, program]);
  expect(said.at(-1)).toContain(`${program} cannot be executed from its copy in memory`);
});

test('a copy that is refused and given up at once is closed once', async () => {
  const program = writeProgram();
  await untilCopied(program);
  const refused = async (file: string): Promise<string> => {
    await Promise.resolve();
    copies.allow(false);
    if (file === program) return file;
    throw new SysError(constants.errno.EACCES, 'posix_spawn', file);
  };
  expect(await launch(program, refused)).toBe(program);
});

test.each([
  ['for want of processes', (file: string) => new SysError(constants.errno.EAGAIN, 'posix_spawn', file)],
  ['for its working directory', () => new SysError(constants.errno.ENOENT, 'posix_spawn', '/nonexistent')],
])('a launch that fails %s says nothing against the copy', async (_why, failure) => {
  const program = writeProgram();
  await untilCopied(program);
  await expect(launch(program, (file) => Promise.reject(failure(file)))).rejects.toThrow('posix_spawn');
  expect(await exeOf(program)).toBe('/memfd:runtime (deleted)');
});
