import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { containerSpec } from '../../runtime/bundle/container-spec';
import { resourcesOf } from '../definition/limits';
import { CtlError } from '../errors';
import { DEFAULT_PATH } from '../exec-request';
import { bytes, collect, wholeNumber } from '../option-values';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface BundleOptions {
  readonly rootfs?: string;
  readonly tty?: boolean;
  readonly env?: readonly string[];
  readonly cwd: string;
  readonly hostname?: string;
  readonly memory?: number;
  readonly pidsLimit?: number;
  readonly pidNamespace: boolean;
  readonly hostNetwork?: boolean;
  readonly force?: boolean;
}

export function defineBundle(program: Verb, tool: Tool): void {
  program
    .verb('bundle', { group: 'Container', summary: 'writes an OCI bundle: a directory to start a container from', example: "bundle ./web --memory 64m -- sh -c 'echo hello'" })
    .argument('<directory>', 'where; made if it is not there')
    .argument('<command...>', 'what the container runs, after --')
    .option('--rootfs <directory>', "its root file system (default: one made of this machine's busybox)")
    .option('-t, --tty', 'give the command a terminal')
    .option('-e, --env <NAME=value>', 'a variable for the command; may be given again', collect)
    .option('--cwd <directory>', "the command's working directory", '/')
    .option('--hostname <name>', "the container's host name (default: the directory's name)")
    .option('--memory <size>', 'how much memory it may use, such as 64m', bytes)
    .option('--pids-limit <number>', 'how many processes it may have', wholeNumber)
    .option('--no-pid-namespace', "share the host's processes (for tests)")
    .option('--host-network', "share the host's network (default: none but the loopback)")
    .option('--force', 'overwrite a config.json that is there')
    .action((directory: string, command: string[], options: BundleOptions) =>
      bundle(tool, resolve(directory), command, options),
    );
}

async function bundle(tool: Tool, directory: string, command: readonly string[], options: BundleOptions): Promise<void> {
  const config = join(directory, 'config.json');
  if (options.force !== true && (await exists(config))) {
    throw new CtlError('invalid-argument', `${config} is there already`, { hint: 'Overwrite it with --force.' });
  }
  if (!isAbsolute(options.cwd)) {
    throw new CtlError('invalid-argument', `the working directory is no absolute path: ${options.cwd}`);
  }
  const rootfs = await rootfsFor(directory, options.rootfs);
  const name = basename(directory);
  const terminalKind = options.tty === true ? [`TERM=${tool.io.env['TERM'] ?? 'xterm'}`] : [];
  const spec = containerSpec({
    cgroupsPath: `/holdfast/${name}`,
    rootfs,
    readonlyRootfs: false,
    command,
    env: [DEFAULT_PATH, ...terminalKind, ...(options.env ?? [])],
    cwd: options.cwd,
    terminal: options.tty === true,
    hostname: options.hostname ?? name,
    user: { uid: 0, gid: 0, additionalGids: [] },
    resources: resourcesOf({ memoryBytes: options.memory, pids: options.pidsLimit }),
    mounts: [],
    noNewPrivileges: true,
    ownPidNamespace: options.pidNamespace,
    network: { is: options.hostNetwork === true ? 'host' : 'none' },
  });
  await writeWholly(config, `${JSON.stringify(spec, null, 2)}\n`);
  tool.print(directory);
}

/** The path for the spec: relative where it is in the bundle, so that the bundle can be moved. */
async function rootfsFor(directory: string, wanted: string | undefined): Promise<string> {
  if (wanted === undefined) {
    const { makeBusyboxRootfs } = await import('../bundle/busybox-rootfs');
    await makeBusyboxRootfs(join(directory, 'rootfs'));
    return 'rootfs';
  }
  const path = resolve(wanted);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new CtlError('invalid-argument', `no such directory: ${path}`, {
      hint: 'Name one that holds a root file system, or leave --rootfs out for one made of busybox.',
    });
  }
  await mkdir(directory, { recursive: true });
  const inside = relative(directory, path);
  return inside === '' || inside.startsWith('..') ? path : inside;
}

/** Under another name first: a start at the same moment finds the old file or the new one. */
async function writeWholly(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, text);
  await rename(draft, path);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
