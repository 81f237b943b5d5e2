import { closeSync, openSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

import { type ChildReaper, exitStatusOf } from '../../src/sys/process/children';

/** What a program writes to its standard output. Rejects where it fails. */
export async function textOf(reaper: ChildReaper, directory: string, file: string, args: readonly string[]): Promise<string> {
  const path = join(directory, 'text');
  const fd = openSync(path, 'w');
  const status = await reaper.spawn({ file, args, stdout: fd, stderr: 2 }).exited;
  closeSync(fd);
  const text = readFileSync(path, 'utf8');
  unlinkSync(path);
  if (exitStatusOf(status) !== 0) throw new Error(`${file} ${args.join(' ')}: exit status ${String(exitStatusOf(status))}`);
  return text;
}

/** The first line of what `--version` says. */
export async function versionOf(reaper: ChildReaper, directory: string, program: string): Promise<string> {
  return (await textOf(reaper, directory, program, ['--version'])).split('\n')[0] ?? '';
}
