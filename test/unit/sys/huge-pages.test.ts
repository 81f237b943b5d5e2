import { randomBytes } from 'node:crypto';
import { closeSync, constants, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { release } from 'node:os';
import { collapseMemoryFile } from '../../../src/sys/huge-pages';
import { createMemoryFile, sealMemoryFile } from '../../../src/sys/files/memory-file';
import { libc } from '../../../src/sys/native';
import { countDescriptors } from './resources';

const HUGE_PAGE_BYTES = 2 * 1024 * 1024;
const NAME = 'holdfast-huge-pages-test';
// linux/mman.h.
const PROT_NONE = 0x0;
const PROT_READ = 0x1;
const MAP_SHARED = 0x01;
const MAP_RESERVE_ONLY = 0x4022;
const MAP_FIXED = 0x10;
const MADV_POPULATE_READ = 22;

let descriptorsBefore: number;
let fd: number;

beforeEach(async () => {
  descriptorsBefore = await countDescriptors();
  fd = createMemoryFile(NAME);
});

afterEach(async () => {
  closeSync(fd);
  expect(await countDescriptors()).toBe(descriptorsBefore);
  // The file's name is in the line of each of its mappings.
  expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain(NAME);
});

/** madvise(2): since Linux 6.1. Nothing but `deny` keeps a file in memory from huge pages that are asked for. */
function isPossible(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const path = '/sys/kernel/mm/transparent_hugepage/shmem_enabled';
  return (major > 6 || (major === 6 && minor >= 1)) && existsSync(path) && !readFileSync(path, 'utf8').includes('[deny]');
}

/** How much of the file's whole huge pages the kernel maps as such. */
function hugeKiB(): number {
  const length = 2 * HUGE_PAGE_BYTES;
  const from = libc.mmap(0, length + HUGE_PAGE_BYTES, PROT_NONE, MAP_RESERVE_ONLY, -1, 0);
  const address = Math.ceil(from / HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES;
  try {
    expect(libc.mmap(address, length, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0)).toBe(address);
    expect(libc.madvise(address, length, MADV_POPULATE_READ)).toBe(0);
    const [, mapping = ''] = readFileSync('/proc/self/smaps', 'utf8').split(new RegExp(`^0*${address.toString(16)}-`, 'm'));
    return Number(/^ShmemPmdMapped: +(\d+) kB$/m.exec(mapping)?.[1]);
  } finally {
    libc.munmap(from, length + HUGE_PAGE_BYTES);
  }
}

test('what fills huge pages lies in them, and nothing of the file has changed', async () => {
  const content = randomBytes(2 * HUGE_PAGE_BYTES + 12_345);
  writeSync(fd, content);
  expect(hugeKiB()).toBe(0);
  expect(await collapseMemoryFile(fd)).toBe(isPossible());
  expect(hugeKiB()).toBe(isPossible() ? 4096 : 0);
  expect(readFileSync(`/proc/self/fd/${fd}`).equals(content)).toBe(true);
});

test('the file can be sealed afterwards', async () => {
  writeSync(fd, Buffer.alloc(HUGE_PAGE_BYTES));
  await collapseMemoryFile(fd);
  sealMemoryFile(fd);
  expect(() => writeSync(fd, 'x')).toThrow('EPERM');
});

test('a file that fills none stays as it is', async () => {
  writeSync(fd, randomBytes(HUGE_PAGE_BYTES - 1));
  expect(await collapseMemoryFile(fd)).toBe(true);
});

test('one that fills none of a machine with larger pages does neither', async () => {
  writeSync(fd, randomBytes(2 * HUGE_PAGE_BYTES));
  expect(await collapseMemoryFile(fd, 32 * 1024 * 1024)).toBe(true);
  expect(hugeKiB()).toBe(0);
});

test('a file that cannot be mapped is an error', async () => {
  ftruncateSync(fd, HUGE_PAGE_BYTES);
  const writeOnly = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY);
  try {
    await expect(collapseMemoryFile(writeOnly)).rejects.toThrow('permission denied');
  } finally {
    closeSync(writeOnly);
  }
});
