import { CtlError } from '../errors';
import { onEach } from '../on-each';
import { bytes, positive, wholeNumber } from '../option-values';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

interface LimitOptions {
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly cpus?: number;
  readonly cpuShares?: number;
  readonly pids?: number;
}

/** As docker and systemd have it. */
const periodUs = 100_000;

export function defineUpdateLimits(program: Verb, tool: Tool): void {
  program
    .verb('update-limits', {
      group: 'Act',
      summary: 'changes the limits of programs that run; nothing is restarted, and the bundle stays as it is',
      example: 'update-limits web --memory 512m --cpus 1.5',
      statuses: '7 it does not run',
    })
    .argument('<names...>', 'names, shell patterns, or all')
    .option('--memory <size>', 'bytes of memory, such as 512m', bytes)
    .option('--memory-swap <size>', 'bytes of memory and swap together', bytes)
    .option('--cpus <number>', 'processors, such as 1.5', positive)
    .option('--cpu-shares <number>', 'its share of processors among others (usually 1024)', wholeNumber)
    .option('--pids <number>', 'processes and threads', wholeNumber)
    .action((names: string[], options: LimitOptions) => {
      const resources = resourcesOf(options);
      if (Object.keys(resources).length === 0) throw new CtlError('invalid-argument', 'no limit is named', { hint: 'holdfastctl help update-limits  lists them.' });
      return onEach(tool, names, 'updated limits', (daemon, { name }) => daemon.updateLimits(name, resources));
    });
}

/** LinuxResources of the OCI runtime specification, with what is named alone. */
function resourcesOf({ memory, memorySwap, cpus, cpuShares, pids }: LimitOptions): object {
  const memoryPart = { ...(memory === undefined ? {} : { limit: memory }), ...(memorySwap === undefined ? {} : { swap: memorySwap }) };
  const cpuPart = {
    ...(cpus === undefined ? {} : { quota: Math.round(cpus * periodUs), period: periodUs }),
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
  };
  return {
    ...(Object.keys(memoryPart).length === 0 ? {} : { memory: memoryPart }),
    ...(Object.keys(cpuPart).length === 0 ? {} : { cpu: cpuPart }),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
  };
}
