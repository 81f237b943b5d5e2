import type { ExecRequest, Process } from '../api/gen/holdfast/v1/containers';

export interface ExecWishes {
  readonly pid: string;
  readonly command: readonly string[];
  readonly terminal: boolean;
  /** The kind of our terminal, for TERM. */
  readonly term: string;
  readonly cwd?: string;
  readonly env?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** Where a shell finds its commands when nobody says. */
export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The request for another process in a container. The daemon fills nothing in from the container's
 * own spec, so this does, from its init process: user, environment, working directory, and all that
 * confines it. Stdio is left to the caller.
 */
export function execRequest(name: string, init: Process | undefined, wishes: ExecWishes): ExecRequest & { readonly spec: Process } {
  const initUser = init?.user ?? { uid: 0, gid: 0, additional_gids: [] };
  const uid = wishes.uid ?? initUser.uid;
  const sameUser = uid === initUser.uid;
  return {
    name,
    process: wishes.pid,
    spec: {
      id: '',
      pid: 0,
      terminal: wishes.terminal,
      args: [...wishes.command],
      cwd: wishes.cwd ?? (init === undefined || init.cwd === '' ? '/' : init.cwd),
      env: environment(init?.env ?? [], wishes),
      user: { uid, gid: wishes.gid ?? initUser.gid, additional_gids: sameUser ? initUser.additional_gids : [] },
      // The one list becomes effective too: root may have what init has, another user gets nothing for nothing.
      capabilities: sameUser || uid === 0 ? (init?.capabilities ?? []) : [],
      apparmor_profile: init?.apparmor_profile ?? '',
      selinux_label: init?.selinux_label ?? '',
      no_new_privileges: init?.no_new_privileges ?? false,
      rlimits: init?.rlimits ?? [],
      stdio: undefined,
    },
  };
}

/** Later ones win, each name once, in the order of first mention. */
function environment(inherited: readonly string[], wishes: ExecWishes): string[] {
  const byName = new Map<string, string>();
  const terminal = wishes.terminal ? [`TERM=${wishes.term}`] : [];
  for (const variable of [DEFAULT_PATH, ...inherited, ...terminal, ...(wishes.env ?? [])]) {
    byName.set(variable.split('=', 1)[0] ?? variable, variable);
  }
  return [...byName.values()];
}
