import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { binDirectory } from './daemon-process';
import type { TestHost } from './test-host';

/** What the programs need that do not lie beside their packages. */
export const inOtherVersion = { NODE_PATH: resolve(binDirectory, '../node_modules') };

/**
 * The programs as a release of another version: the same code under another number, started with {@link inOtherVersion}.
 * @param protocol what daemon and shim of that release speak; default: the same as ours
 * @param version an older one by default
 */
export function otherVersion(host: TestHost, protocol?: number, version = '0.0.9-other'): { readonly program: string; readonly version: string } {
  const directory = host.own('other-version');
  mkdirSync(directory);
  for (const name of ['holdfastd.js', 'holdfast-shim']) {
    let text = readFileSync(join(binDirectory, name), 'utf8');
    text = replaced(text, /(\bvar version\d*\s*=\s*)"\d+\.\d+\.\d+"/, `$1"${version}"`);
    if (protocol !== undefined) text = replaced(text, /(\bvar (?:OLDEST_)?SHIM_PROTOCOL\s*=\s*)\d+/g, `$1${String(protocol)}`);
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), 0o755);
  }
  for (const name of ['holdfastd', 'holdfast-records', 'holdfast-images']) copyFileSync(join(binDirectory, name), join(directory, name));
  return { program: join(directory, 'holdfastd'), version };
}

/** Puts ours in the place of the programs of another version, as a package does it. */
export function installOurs({ program }: { readonly program: string }): void {
  const directory = dirname(program);
  for (const name of readdirSync(directory)) {
    const file = join(directory, name);
    copyFileSync(join(binDirectory, name), `${file}.dpkg-new`);
    renameSync(`${file}.dpkg-new`, file);
  }
}

function replaced(text: string, pattern: RegExp, by: string): string {
  const changed = text.replace(pattern, by);
  if (changed === text) throw new Error(`the program has nothing like ${String(pattern)}`);
  return changed;
}
