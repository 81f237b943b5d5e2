/** What a program may use; what is absent has no limit. */
export interface Limits {
  readonly memoryBytes?: number | undefined;
  /** Processors, such as 1.5. */
  readonly cpus?: number | undefined;
  /** Processes and threads. */
  readonly pids?: number | undefined;
}

const PERIOD_US = 100_000;

/** As LinuxResources of the OCI runtime specification. */
export function resourcesOf({ memoryBytes, cpus, pids }: Limits): object {
  return {
    ...(memoryBytes === undefined ? {} : { memory: { limit: memoryBytes } }),
    ...(cpus === undefined ? {} : { cpu: { quota: Math.round(cpus * PERIOD_US), period: PERIOD_US } }),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
  };
}
