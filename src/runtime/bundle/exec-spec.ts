import type { JsonInteger } from '../json';
import type { ProcessSpec } from './process-spec';

/** What a client asks to be run in a container: the fields of AddProcessRequest. */
export interface ExecRequest {
  readonly terminal: boolean;
  readonly user?: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] } | undefined;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: readonly string[];
  readonly apparmorProfile: string;
  readonly selinuxLabel: string;
  readonly noNewPrivileges: boolean;
  readonly rlimits: readonly { readonly type: string; readonly soft: JsonInteger; readonly hard: JsonInteger }[];
}

/**
 * The OCI process of an exec. The request is the whole truth: nothing comes from the container's
 * own spec. Its one list of capabilities is written also when it is empty, as the runtime gives a process
 * without the member the container's.
 */
export function execProcessSpec(request: ExecRequest): ProcessSpec {
  const { user, capabilities } = request;
  return {
    ...(request.terminal ? { terminal: true } : {}),
    user: {
      uid: user?.uid ?? 0,
      gid: user?.gid ?? 0,
      ...(user !== undefined && user.additionalGids.length > 0 ? { additionalGids: user.additionalGids } : {}),
    },
    args: request.args,
    ...(request.env.length > 0 ? { env: request.env } : {}),
    cwd: request.cwd,
    capabilities: {
      bounding: capabilities,
      effective: capabilities,
      inheritable: capabilities,
      permitted: capabilities,
    },
    ...(request.rlimits.length > 0
      ? { rlimits: request.rlimits.map(({ type, soft, hard }) => ({ type, hard, soft })) }
      : {}),
    ...(request.noNewPrivileges ? { noNewPrivileges: true } : {}),
    ...(request.apparmorProfile === '' ? {} : { apparmorProfile: request.apparmorProfile }),
    ...(request.selinuxLabel === '' ? {} : { selinuxLabel: request.selinuxLabel }),
  };
}
