import { APIService, UpdateResource, UpdateContainerRequest } from '../../api/gen/legacy/api';
import { INIT } from '../names';
import { bytes, wholeNumber } from '../option-values';
import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { wanted, withLegacy } from './ask';

interface UpdateOptions {
  readonly memoryLimit?: number;
  readonly memoryReservation?: number;
  readonly memorySwap?: number;
  readonly cpuShares?: number;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly kernelLimit?: number;
  readonly kernelTcpLimit?: number;
  readonly blkioWeight?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: number;
}

/** `containers update`, `pause` and `resume`: one call of the API. */
export function defineUpdate(containers: Verb, tool: Tool): void {
  containers
    .verb('update', { group: 'Container', summary: "changes a container's limits", example: 'containers update --memory-limit 64m redis' })
    .argument('[id]', "the container's id")
    .option('--memory-limit <size>', 'bytes of memory', bytes)
    .option('--memory-reservation <size>', 'what it may have when memory is short', bytes)
    .option('--memory-swap <size>', 'memory and swap together', bytes)
    .option('--cpu-shares <number>', 'its share of processors', wholeNumber)
    .option('--cpu-quota <microseconds>', 'of processor time in each period', wholeNumber)
    .option('--cpu-period <microseconds>', 'the period', wholeNumber)
    .option('--kernel-limit <size>', 'memory of the kernel', bytes)
    .option('--kernel-tcp-limit <size>', 'memory for TCP', bytes)
    .option('--blkio-weight <number>', '10 to 1000', wholeNumber)
    .option('--cpuset-cpus <list>', 'processors, such as 0-2')
    .option('--cpuset-mems <list>', 'memory nodes')
    .option('--pids-limit <number>', 'processes and threads', wholeNumber)
    .action((id: string | undefined, options: UpdateOptions) => change(tool, id, { resources: resourcesOf(options) }));
  for (const [name, status, summary] of [['pause', 'paused', 'freezes a container'], ['resume', 'running', 'lets a frozen container go on']] as const) {
    containers
      .verb(name, { group: 'Container', summary, example: `containers ${name} redis` })
      .argument('[id]', "the container's id")
      .action((id: string | undefined) => change(tool, id, { pid: INIT, status }));
  }
}

async function change(tool: Tool, id: string | undefined, what: Partial<UpdateContainerRequest>): Promise<void> {
  const request = { ...UpdateContainerRequest.create(), id: wanted(id, 'container id'), ...what };
  await withLegacy(tool, (api) => api.ask(APIService.updateContainer, request));
}

function resourcesOf(options: UpdateOptions): UpdateResource {
  const number = (value: number | undefined): bigint => BigInt(value ?? 0);
  return {
    ...UpdateResource.create(),
    memoryLimit: number(options.memoryLimit),
    memoryReservation: number(options.memoryReservation),
    memorySwap: number(options.memorySwap),
    cpuShares: number(options.cpuShares),
    cpuQuota: number(options.cpuQuota),
    cpuPeriod: number(options.cpuPeriod),
    kernelMemoryLimit: number(options.kernelLimit),
    kernelTCPMemoryLimit: number(options.kernelTcpLimit),
    blkioWeight: number(options.blkioWeight),
    cpusetCpus: options.cpusetCpus ?? '',
    cpusetMems: options.cpusetMems ?? '',
    pidsLimit: number(options.pidsLimit),
  };
}
