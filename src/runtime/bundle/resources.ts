/** A block device by its numbers. */
export interface BlockDevice {
  readonly major: bigint;
  readonly minor: bigint;
}

export interface WeightDevice {
  readonly device: BlockDevice;
  /** 10 to 1000; 0 leaves it as it is. */
  readonly weight: number;
  readonly leafWeight: number;
}

export interface ThrottleDevice {
  readonly device: BlockDevice;
  /** Bytes or requests per second; 0 is no limit. */
  readonly rate: bigint;
}

/**
 * The limits that a client asks to be changed: what is 0 or empty stays as it is. Limits that may be
 * "unlimited" come as unsigned numbers, 2^64 - 1 standing for -1.
 */
export interface ResourceUpdate {
  readonly blkioWeight: bigint;
  readonly blkioLeafWeight: bigint;
  readonly blkioWeightDevice: readonly WeightDevice[];
  readonly blkioThrottleReadBpsDevice: readonly ThrottleDevice[];
  readonly blkioThrottleWriteBpsDevice: readonly ThrottleDevice[];
  readonly blkioThrottleReadIopsDevice: readonly ThrottleDevice[];
  readonly blkioThrottleWriteIopsDevice: readonly ThrottleDevice[];
  readonly cpuShares: bigint;
  /** µs. */
  readonly cpuPeriod: bigint;
  /** µs in each period. */
  readonly cpuQuota: bigint;
  /** As in `0-3,8`. */
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
  /** µs. */
  readonly cpuRealtimePeriod: bigint;
  /** µs in each period. */
  readonly cpuRealtimeRuntime: bigint;
  /** Bytes, like all of memory. */
  readonly memoryLimit: bigint;
  /** Memory and swap together. */
  readonly memorySwap: bigint;
  readonly memoryReservation: bigint;
  readonly kernelMemoryLimit: bigint;
  readonly kernelTCPMemoryLimit: bigint;
  readonly pidsLimit: bigint;
}

type Json = { readonly [member: string]: unknown };

/**
 * The `linux.resources` object of the OCI runtime specification 1.0 (config-linux.md) for the runtime's
 * `update -r -`, holding only what is asked for. Integers are bigints: print it with printJson.
 */
export function updateResources(update: ResourceUpdate): Json {
  return nonEmpty({ blockIO: blockIO(update), cpu: cpu(update), memory: memory(update), pids: pids(update) });
}

function blockIO(update: ResourceUpdate): Json {
  return nonEmpty({
    weight: update.blkioWeight,
    leafWeight: update.blkioLeafWeight,
    weightDevice: update.blkioWeightDevice.map(({ device, weight, leafWeight }) => ({
      ...device,
      ...nonEmpty({ weight, leafWeight }),
    })),
    throttleReadBpsDevice: throttles(update.blkioThrottleReadBpsDevice),
    throttleWriteBpsDevice: throttles(update.blkioThrottleWriteBpsDevice),
    throttleReadIOPSDevice: throttles(update.blkioThrottleReadIopsDevice),
    throttleWriteIOPSDevice: throttles(update.blkioThrottleWriteIopsDevice),
  });
}

/** A rate of 0 is kept: it is how a device's limit is taken away. */
function throttles(devices: readonly ThrottleDevice[]): Json[] {
  return devices.map(({ device, rate }) => ({ ...device, rate }));
}

function cpu(update: ResourceUpdate): Json {
  return nonEmpty({
    shares: update.cpuShares,
    period: update.cpuPeriod,
    quota: asSigned(update.cpuQuota),
    cpus: update.cpusetCpus,
    mems: update.cpusetMems,
    realtimePeriod: update.cpuRealtimePeriod,
    realtimeRuntime: update.cpuRealtimeRuntime,
  });
}

function memory(update: ResourceUpdate): Json {
  return nonEmpty({
    limit: asSigned(update.memoryLimit),
    swap: asSigned(update.memorySwap),
    reservation: asSigned(update.memoryReservation),
    kernel: asSigned(update.kernelMemoryLimit),
    kernelTCP: asSigned(update.kernelTCPMemoryLimit),
  });
}

function pids(update: ResourceUpdate): Json {
  return nonEmpty({ limit: asSigned(update.pidsLimit) });
}

/** The specification's type is int64 with -1 for unlimited; the client's message has the same bits as uint64. */
function asSigned(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** Without the members that say "as it is". */
function nonEmpty(members: Json): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === 0 || value === 0n || value === '';
}
