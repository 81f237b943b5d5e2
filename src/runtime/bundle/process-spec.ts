import type { JsonInteger } from '../json';

/** The `user` of a process, as a runtime of today wants it. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids?: readonly number[];
  readonly [member: string]: unknown;
}

/** The five capability sets; an absent one is empty. */
export interface Capabilities {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly permitted?: readonly string[];
  readonly ambient?: readonly string[];
  readonly [member: string]: unknown;
}

/** One resource limit; both values are unsigned 64-bit integers. */
export interface Rlimit {
  readonly type: string;
  readonly soft: JsonInteger;
  readonly hard: JsonInteger;
  readonly [member: string]: unknown;
}

/**
 * The `process` object of an OCI runtime specification 1.0 (config.md, "Process"), with every
 * known member checked and the unknown ones kept as they came, numbers exact.
 */
export interface ProcessSpec {
  readonly terminal?: boolean;
  readonly user: ProcessUser;
  readonly args: readonly string[];
  readonly env?: readonly string[];
  readonly cwd: string;
  readonly capabilities?: Capabilities;
  readonly rlimits?: readonly Rlimit[];
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  readonly oomScoreAdj?: number;
  readonly [member: string]: unknown;
}
