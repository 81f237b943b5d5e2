import { DEFAULT_PATH } from '../exec-request';
import { type Limits, resourcesOf } from './limits';
import { type FoundUser, environmentOf } from '../../runtime/text/passwd';

/** What `run --host` is told of a program. */
export interface HostProgramOptions {
  readonly command: readonly string[];
  readonly terminal: boolean;
  /** `NAME=value`, in the order given. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: FoundUser;
  readonly limits: Limits;
  readonly pidNamespace: boolean;
  readonly noNewPrivileges: boolean;
}

/** The spec of a host program (docs/host-programs.md), as a definition has it. Nothing of our own environment is in it. */
export function hostProgramSpec(options: HostProgramOptions): object {
  const { command, terminal, env, cwd, user, limits, pidNamespace, noNewPrivileges } = options;
  const { uid, gid, additionalGids } = user;
  return {
    ociVersion: '1.0.2',
    process: {
      terminal,
      user: { uid, gid, ...(additionalGids.length === 0 ? {} : { additionalGids }) },
      args: command,
      env: [DEFAULT_PATH, ...environmentOf(user), ...env],
      cwd,
      ...(noNewPrivileges ? { noNewPrivileges } : {}),
    },
    linux: {
      resources: resourcesOf(limits),
      namespaces: pidNamespace ? [{ type: 'pid' }] : [],
    },
  };
}
