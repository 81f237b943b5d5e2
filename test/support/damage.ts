import { existsSync, mkdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';

import { makeFifo } from './fifo';

/** What may become of a file. One that cannot be read is a link to itself: modes keep nothing from root. */
export const damages: Readonly<Record<string, (path: string) => void>> = {
  truncated: (path) => {
    if (existsSync(path)) truncateSync(path, Math.floor(statSync(path).size / 2));
  },
  empty: (path) => {
    writeFileSync(path, '');
  },
  'NUL-filled': (path) => {
    writeFileSync(path, Buffer.alloc(existsSync(path) ? statSync(path).size : 64));
  },
  'no JSON': (path) => {
    writeFileSync(path, '{"unreadable');
  },
  'a directory': (path) => {
    rmSync(path, { force: true });
    mkdirSync(path);
  },
  'a FIFO': (path) => {
    rmSync(path, { force: true });
    makeFifo(path);
  },
  unreadable: (path) => {
    rmSync(path, { force: true });
    symlinkSync(path, path);
  },
  gone: (path) => {
    rmSync(path, { force: true });
  },
};

/** What may become of a FIFO: nothing is in it that could be damaged. */
export const fifoDamages: Readonly<Record<string, (path: string) => void>> = {
  'a directory': damages['a directory'] ?? fail,
  'another FIFO': damages['a FIFO'] ?? fail,
  'a file': (path) => {
    rmSync(path, { force: true });
    writeFileSync(path, 'no FIFO');
  },
  unreadable: damages['unreadable'] ?? fail,
  gone: damages['gone'] ?? fail,
};

function fail(path: string): never {
  throw new Error(`${path}: not a kind of damage`);
}
