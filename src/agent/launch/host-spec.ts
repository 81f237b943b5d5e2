import { printJson } from '../../runtime/json';
import type { ProcessDefinition } from '../definitions/definition';
import type { Account } from './account';
import { argumentsOf } from './command';
import { privateTmp } from './container';
import { LaunchError } from './errors';
import { resourcesOf, rlimitsOf } from './resources';

/**
 * The spec of a host program (docs/host-programs.md), as a record's definition has it.
 * @param environment of `environmentOf`
 * @throws LaunchError `unsupported` for what is no host program
 */
export function hostSpecOf(process: ProcessDefinition, account: Account, environment: readonly string[]): string {
  const { kind, capabilities, resourceLimits, nice, oomScoreAdjust } = process;
  if (kind.is !== 'host') throw new LaunchError('unsupported', process.fullName, `${process.fullName} is no host program`);
  const { uid, gid, additionalGids } = account;
  const hasOwnMounts = process.privateTmp || process.readOnlyPaths.length > 0;
  const namespaces = [...(kind.pidNamespace ? [{ type: 'pid' }] : []), ...(hasOwnMounts ? [{ type: 'mount' }] : [])];
  return printJson({
    ociVersion: '1.0.2',
    process: {
      terminal: process.terminal,
      user: { uid, gid, ...(additionalGids.length === 0 ? {} : { additionalGids }), umask: process.umask },
      args: argumentsOf(process),
      env: environment,
      cwd: process.directory,
      ...(capabilities === undefined ? {} : { capabilities: { bounding: capabilities, inheritable: capabilities, ambient: capabilities } }),
      ...(resourceLimits.length === 0 ? {} : { rlimits: rlimitsOf(resourceLimits) }),
      ...(process.noNewPrivileges ? { noNewPrivileges: true } : {}),
      ...(oomScoreAdjust === undefined ? {} : { oomScoreAdj: oomScoreAdjust }),
      ...(nice === undefined ? {} : { scheduler: { policy: 'SCHED_OTHER', nice } }),
    },
    ...(process.privateTmp ? { mounts: privateTmp } : {}),
    linux: { resources: resourcesOf(process.limits), namespaces, ...(process.readOnlyPaths.length === 0 ? {} : { readonlyPaths: process.readOnlyPaths }) },
  });
}
