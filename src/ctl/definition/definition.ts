import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { Definition } from '../../api/gen/holdfast/v1/containers';
import { type SpecWishes, containerSpec } from '../../runtime/bundle/container-spec';
import { type Network, parseNetwork, parsePort } from '../../runtime/bundle/network';
import { DEFAULT_PATH } from '../exec-request';
import { hostProgramSpec } from './host-program';
import { resourcesOf } from './limits';
import { bindMount } from './mount';
import { type RunKind, type RunOptions, invalid } from './run-options';
import { environmentOf } from '../../runtime/text/passwd';
import { findUser } from './user';

/** What a definition is made from beside the options. */
export interface Given {
  readonly name: string;
  readonly command: readonly string[];
  /** Ours: the kind of our terminal is passed on, and what is named without a value. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const nothing = Buffer.alloc(0);

/** The definition of a command line of `run`. @throws CtlError */
export function definitionOf(kind: RunKind, given: Given, options: RunOptions): Definition {
  return {
    bundle: kind.is === 'bundle' ? kind.bundle : '',
    host_program: kind.is === 'host' ? json(hostSpec(given, options)) : nothing,
    container_spec: kind.is === 'rootfs' ? json(rootfsSpec(kind.rootfs, given, options)) : kind.is === 'image' ? json(imageSpec(given, options)) : nothing,
    runtime: '',
    runtime_args: [],
    no_pivot: false,
    labels: [...(options.label ?? [])],
    stdio: undefined,
    remove_at_end: options.rm === true || (options.name === undefined && options.detach !== true && options.keep !== true),
    kept_output: undefined,
    ...(kind.is === 'image' ? { image: { name: kind.image, user: options.user ?? '', entrypoint: options.entrypoint ?? '' } } : {}),
  };
}

function json(spec: object): Buffer {
  return Buffer.from(JSON.stringify(spec));
}

function hostSpec(given: Given, options: RunOptions): object {
  return hostProgramSpec({
    command: given.command,
    terminal: options.tty === true,
    env: variablesOf(given, options),
    cwd: resolve(options.cwd ?? '.'),
    user: findUser(options.user ?? '0'),
    limits: limitsOf(options),
    pidNamespace: options.pidNamespace === true,
    noNewPrivileges: !options.newPrivileges,
  });
}

function rootfsSpec(rootfs: string, given: Given, options: RunOptions): object {
  if (statSync(rootfs, { throwIfNoEntry: false })?.isDirectory() !== true) throw invalid(`no such directory: ${rootfs}`, 'Name one that holds a root file system.');
  const user = findUser(options.user ?? '0', rootfs);
  return inRoot(given, options, { rootfs, user, cwd: options.cwd ?? '/', env: [DEFAULT_PATH, ...environmentOf(user), ...variablesOf(given, options)] });
}

/** What the image does not say; the daemon adds what it says. */
function imageSpec(given: Given, options: RunOptions): object {
  return inRoot(given, options, { rootfs: 'rootfs', user: { uid: 0, gid: 0, additionalGids: [] }, cwd: options.cwd ?? '', env: variablesOf(given, options) });
}

function inRoot({ name, command }: Given, options: RunOptions, { rootfs, user, cwd, env }: Pick<SpecWishes, 'rootfs' | 'user' | 'cwd' | 'env'>): object {
  const network = networkOf(options);
  if (cwd !== '' && !isAbsolute(cwd)) throw invalid(`the working directory is no absolute path: ${cwd}`);
  return containerSpec({
    // As programs of the host have it.
    cgroupsPath: `/holdfast/programs/${name}`,
    rootfs,
    readonlyRootfs: options.readOnly === true,
    command,
    env,
    cwd,
    terminal: options.tty === true,
    hostname: options.hostname ?? name,
    user,
    resources: resourcesOf(limitsOf(options)),
    mounts: (options.volume ?? []).map(bindMount),
    noNewPrivileges: !options.newPrivileges,
    ownPidNamespace: true,
    network,
  });
}

/** One that is named alone has our value, and is none where we have none: as with docker. */
export function variablesOf({ env }: Given, { tty, env: wanted = [] }: RunOptions): string[] {
  const named = wanted.flatMap((variable) => {
    if (variable.includes('=')) return [variable];
    const value = env[variable];
    return value === undefined ? [] : [`${variable}=${value}`];
  });
  return [...(tty === true ? [`TERM=${env['TERM'] ?? 'xterm'}`] : []), ...named];
}

function limitsOf({ memory, cpus, pids }: RunOptions): { readonly memoryBytes: number | undefined; readonly cpus: number | undefined; readonly pids: number | undefined } {
  return { memoryBytes: memory, cpus, pids };
}

function networkOf({ network: text = 'none', publish = [] }: RunOptions): Network {
  const network = parseNetwork(text);
  if (network === undefined) throw invalid(`there is no network ${text}`, 'none has the loopback alone, host is that of this host; cni, or cni:NAME, is one of /etc/cni/net.d.');
  const ports = publish.map((port) => {
    const mapping = parsePort(port);
    if (mapping === undefined) throw invalid(`-p ${port}: a port of this host and one of the container are wanted`, 'Such as -p 8080:80, -p 127.0.0.1:8080:80 or -p 53:53/udp');
    return mapping;
  });
  if (network.is === 'cni') return { ...network, ports };
  if (ports.length > 0) throw invalid('-p is for a network of its own: --net cni', network.is === 'host' ? 'With the network of this host its ports are those of this host.' : undefined);
  return network;
}
