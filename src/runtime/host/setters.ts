import { isJsonObject } from '../json';
import type { Capabilities, ProcessSpec, Rlimit } from '../bundle/process-spec';
import { hostError } from './host-error';

const UNLIMITED = 18446744073709551615n;

/** Whom the process runs as. */
export function userOf({ user }: ProcessSpec): { readonly uid: number; readonly gid: number } {
  return { uid: user.uid, gid: user.gid };
}

/**
 * The programs that set what a process is to have, each of which executes the next: prlimit(1), nice(1), setpriv(1). Only what
 * is asked for: each costs half a millisecond. @throws RuntimeError `host-program` for what none of them can
 */
export function settersOf(spec: ProcessSpec): readonly string[] {
  const limits = (spec.rlimits ?? []).map(limitFlag);
  const nice = niceOf(spec);
  const privileges = privilegeFlags(spec);
  return [
    ...(limits.length === 0 ? [] : ['prlimit', ...limits, '--']),
    ...(nice === 0 ? [] : ['nice', '-n', String(nice)]),
    ...(privileges.length === 0 ? [] : ['setpriv', ...privileges, '--']),
  ];
}

const LIMITS = new Set(['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss', 'rtprio', 'rttime', 'sigpending', 'stack']);

function limitFlag({ type, soft, hard }: Rlimit): string {
  const name = type.replace(/^RLIMIT_/, '').toLowerCase();
  if (!LIMITS.has(name)) throw hostError(`process.rlimits: unknown limit ${JSON.stringify(type)}`);
  const word = (value: Rlimit['soft']): string => (BigInt(value) === UNLIMITED ? 'unlimited' : String(value));
  return `--${name}=${word(soft)}:${word(hard)}`;
}

/** The OCI process's `scheduler`, as far as it is the ordinary one's. */
function niceOf(spec: ProcessSpec): number {
  const scheduler = spec['scheduler'];
  if (scheduler === undefined || scheduler === null) return 0;
  const { policy, nice, ...rest } = isJsonObject(scheduler) ? scheduler : {};
  const isOrdinary = policy === 'SCHED_OTHER' && Object.keys(rest).length === 0;
  if (!isOrdinary || typeof nice !== 'number' || !Number.isInteger(nice) || nice < -20 || nice > 19) {
    throw hostError('process.scheduler: a host program can have SCHED_OTHER with a nice of -20 to 19');
  }
  return nice;
}

function privilegeFlags(spec: ProcessSpec): string[] {
  const { uid, gid, additionalGids = [] } = spec.user;
  const flags: string[] = [];
  if (uid !== 0 || gid !== 0 || additionalGids.length > 0) {
    flags.push(`--reuid=${uid}`, `--regid=${gid}`, additionalGids.length === 0 ? '--clear-groups' : `--groups=${additionalGids.join(',')}`);
  }
  if (spec.capabilities !== undefined) flags.push(...capabilityFlags(spec.capabilities));
  if (spec.noNewPrivileges === true) flags.push('--no-new-privs');
  if (spec.selinuxLabel !== undefined && spec.selinuxLabel !== '') flags.push(`--selinux-label=${spec.selinuxLabel}`);
  if (spec.apparmorProfile !== undefined && spec.apparmorProfile !== '') flags.push(`--apparmor-profile=${spec.apparmorProfile}`);
  return flags;
}

/**
 * What a program may have at most, and what it keeps over its execve(2) without being root's. What a process has in effect follows from
 * these (capabilities(7), "Transformation of capabilities during execve()").
 */
function capabilityFlags({ bounding = [], inheritable = [], ambient = [] }: Capabilities): string[] {
  return [`--bounding-set=${listOf(bounding)}`, `--inh-caps=${listOf(inheritable)}`, `--ambient-caps=${listOf(ambient)}`];
}

function listOf(capabilities: readonly string[]): string {
  const names = capabilities.map((name) => {
    const word = /^(?:CAP_)?([A-Z_]+)$/i.exec(name)?.[1];
    if (word === undefined) throw hostError(`process.capabilities: unknown capability ${JSON.stringify(name)}`);
    return `+${word.toLowerCase()}`;
  });
  return ['-all', ...names].join(',');
}
