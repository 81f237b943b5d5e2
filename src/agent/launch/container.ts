import { dirname } from 'node:path';
import { bindMountOf, parseBind } from '../../runtime/bundle/bind-mount';
import { relocate } from '../../runtime/bundle/bundle';
import { type Mount, containerSpec } from '../../runtime/bundle/container-spec';
import { mapObject, withMember } from '../../runtime/bundle/edit';
import { isJsonObject, parseJson, printJson } from '../../runtime/json';
import { messageOf } from '../../sys/thrown';
import type { ProcessDefinition } from '../definitions/definition';
import type { Launch } from '../engine/managed-definition';
import type { Account } from './account';
import { argumentsOf } from './command';
import { LaunchError } from './errors';
import { resourcesOf, rlimitsOf } from './resources';

/** In the /dev of a container, which is in memory: nothing is made in its root file system. */
const credentialsInside = '/dev/holdfast/credentials';
const notifyInside = '/dev/holdfast/notify';
/** gethostname(2). */
const longestHostName = 64;

/** What a container sees of what its start is given: everything at a place of its own. */
export function insideContainer(launch: Launch): Launch {
  return {
    ...launch,
    credentialsDirectory: launch.credentialsDirectory === undefined ? undefined : credentialsInside,
    notifySocket: launch.notifySocket === undefined ? undefined : launch.notifySocket.replace(dirname(launch.notifySocket), notifyInside),
  };
}

/**
 * The spec of a container that is made of the definition.
 * @param environment of `environmentOf`
 */
export function rootfsSpecOf(process: ProcessDefinition, rootfs: string, account: Account, environment: readonly string[], launch: Launch): string {
  const { uid, gid, additionalGids } = account;
  const isReadOnly = process.readOnlyPaths.includes('/');
  return printJson(containerSpec({
    cgroupsPath: launch.cgroupsPath,
    rootfs,
    readonlyRootfs: isReadOnly,
    command: argumentsOf(process),
    env: environment,
    cwd: process.directory,
    terminal: process.terminal,
    hostname: process.hostname ?? process.process.slice(0, longestHostName),
    user: { uid, gid, additionalGids, umask: process.umask },
    resources: resourcesOf(process.limits),
    mounts: [...(process.privateTmp ? privateTmp : []), ...process.volumes.map(volumeOf), ...mountsOf(launch)],
    noNewPrivileges: process.noNewPrivileges,
    ownPidNamespace: true,
    network: process.network,
    capabilities: process.capabilities,
    rlimits: rlimitsOf(process.resourceLimits),
    oomScoreAdj: process.oomScoreAdjust,
    nice: process.nice,
    readOnlyPaths: process.readOnlyPaths.filter((path) => path !== '/'),
  }));
}

/** It was looked at when it was read, but for what stands for something else. */
function volumeOf(text: string): Mount {
  const bind = parseBind(text);
  if ('problem' in bind) throw new Error(`volumes: ${text}: ${bind.problem}`);
  return bindMountOf(bind);
}

/** In memory, of this run alone. */
export const privateTmp: readonly Mount[] = ['/tmp', '/var/tmp'].map((destination) => ({ destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777'] }));

/**
 * A bundle's spec with what its start is given beside it; undefined where that is nothing: then the bundle is run as it is.
 * @param read for its config.json @throws LaunchError `bundle`
 */
export async function bundleSpecOf({ fullName }: ProcessDefinition, bundle: string, variables: readonly string[], launch: Launch, read: (path: string) => Promise<string>): Promise<string | undefined> {
  const mounts = mountsOf(launch);
  if (mounts.length === 0 && variables.length === 0) return undefined;
  const path = `${bundle}/config.json`;
  try {
    const spec = parseJson(await read(path));
    if (!isJsonObject(spec)) throw new Error(`${path}: not an object`);
    const moved = relocate(spec, bundle);
    const mounted = withMember(moved, 'mounts', [...listOf(moved['mounts']), ...mounts]);
    return printJson(mapObject(mounted, 'process', (process) => withMember(process, 'env', [...listOf(process['env']), ...variables])));
  } catch (cause) {
    throw new LaunchError('bundle', fullName, messageOf(cause), { cause });
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** By their directories: what is made there anew by the next daemon is seen, too. */
function mountsOf({ credentialsDirectory, notifySocket }: Launch): readonly Mount[] {
  const bind = (source: string, destination: string): Mount => ({ destination, type: 'bind', source, options: ['bind', 'rprivate', 'ro', 'nosuid', 'nodev', 'noexec'] });
  return [
    ...(credentialsDirectory === undefined ? [] : [bind(credentialsDirectory, credentialsInside)]),
    ...(notifySocket === undefined ? [] : [bind(dirname(notifySocket), notifyInside)]),
  ];
}
