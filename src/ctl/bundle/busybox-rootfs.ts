import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, open, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { CtlError } from '../errors';
import { errorCodeOf, messageOf } from '../../sys/thrown';

/** The program header that names the dynamic loader. */
const PT_INTERP = 3;

const directories = ['bin', 'dev', 'etc', 'proc', 'root', 'run', 'sbin', 'sys', 'tmp', 'usr/bin', 'usr/sbin', 'var'];

const files: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  'etc/group': 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n',
  'etc/hosts': '127.0.0.1 localhost\n::1 localhost\n',
};

/**
 * Makes a root file system of this machine's busybox: one program, a link for each of its applets.
 * The program is copied, so that an upgrade of the machine's does not reach into containers. What
 * is there already stays. Throws CtlError `local` without a static busybox.
 */
export async function makeBusyboxRootfs(rootfs: string, busybox = '/bin/busybox'): Promise<void> {
  const applets = await listApplets(busybox);
  await checkStatic(busybox);
  for (const directory of directories) await mkdir(join(rootfs, directory), { recursive: true });
  await chmod(join(rootfs, 'tmp'), 0o1777);
  await unlessThere(copyFile(await realpath(busybox), join(rootfs, 'bin/busybox'), constants.COPYFILE_EXCL));
  await Promise.all(
    applets.map(async (applet) => {
      const path = join(rootfs, applet);
      // Relative, so that the links also hold from outside of the container.
      await unlessThere(symlink(relative(dirname(path), join(rootfs, 'bin/busybox')), path));
    }),
  );
  await Promise.all(
    Object.entries(files).map(([name, text]) => unlessThere(writeFile(join(rootfs, name), text, { flag: 'wx' }))),
  );
}

/** Where busybox wants its applets, relative to the root: `bin/sh`, `usr/bin/env`. */
async function listApplets(busybox: string): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)(busybox, ['--list-full']);
    return stdout.split('\n').filter((applet) => applet !== '' && !applet.endsWith('/busybox') && !applet.startsWith('linuxrc'));
  } catch (cause) {
    throw new CtlError('local', `cannot run ${busybox}: ${messageOf(cause)}`, {
      cause,
      hint: 'Install it (apt-get install busybox-static), or name a root file system with --rootfs.',
    });
  }
}

/** A dynamic busybox would find no C library in there. Static programs have no PT_INTERP header (elf(5)). */
async function checkStatic(busybox: string): Promise<void> {
  const file = await open(busybox);
  try {
    const header = Buffer.alloc(4096);
    await file.read(header, 0, header.length, 0);
    const is64Bit = header[4] === 2;
    const start = is64Bit ? Number(header.readBigUInt64LE(32)) : header.readUInt32LE(28);
    const size = header.readUInt16LE(is64Bit ? 54 : 42);
    const count = header.readUInt16LE(is64Bit ? 56 : 44);
    for (let at = 0; at < count && start + at * size + 4 <= header.length; at += 1) {
      if (header.readUInt32LE(start + at * size) === PT_INTERP) {
        throw new CtlError('local', `${busybox} is not a static program`, {
          hint: 'Install the static one (apt-get install busybox-static), or name a root file system with --rootfs.',
        });
      }
    }
  } finally {
    await file.close();
  }
}

async function unlessThere(made: Promise<unknown>): Promise<void> {
  try {
    await made;
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error;
  }
}
