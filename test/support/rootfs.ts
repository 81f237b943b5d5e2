import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Mount points that a runtime needs; it cannot make them where the root is read-only. */
const mountPoints = ['proc', 'sys', 'dev', 'tmp', 'etc', 'root'];

/**
 * Makes a root file system of the host's statically linked busybox, with a link for each applet.
 * About 2 MB and 30 ms.
 *
 * @param directory must not exist; is there whole or not at all
 */
export function buildRootfs(directory: string): void {
  const unfinished = mkdtempSync(`${directory}.`);
  // mkdtemp gives it to its owner alone; containers also run as other users.
  chmodSync(unfinished, 0o755);
  const bin = join(unfinished, 'bin');
  for (const name of ['bin', ...mountPoints]) mkdirSync(join(unfinished, name));
  copyFileSync('/bin/busybox', join(bin, 'busybox'));
  for (const applet of applets()) symlinkSync('busybox', join(bin, applet));
  writeFileSync(join(unfinished, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n');
  writeFileSync(join(unfinished, 'etc', 'group'), 'root:x:0:\nuser:x:1000:\n');
  try {
    renameSync(unfinished, directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    // Another worker was first, and its result is as good.
    if (!existsSync(join(directory, 'bin', 'busybox'))) throw error;
  }
}

/**
 * The root file system that the containers of a test run share, made at first use. It must only be used
 * read-only (writeBundle does). Where jest.config.cjs names run-directory.cjs as its globalSetup, it is in
 * the run's own directory and goes with it; else in the system's directory for temporary files, for the
 * next run to use again.
 */
export function sharedRootfs(): string {
  const rootfs = join(process.env['HOLDFAST_TEST_RUN_DIR'] ?? tmpdir(), 'holdfast-rootfs');
  if (!existsSync(rootfs)) buildRootfs(rootfs);
  return rootfs;
}

function applets(): string[] {
  const listed = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' });
  return listed.split('\n').filter((name) => name !== '' && name !== 'busybox');
}
