import { RuntimeError } from '../../../runtime/errors';
import type { CgroupFigures } from '../../../runtime/cgroups/figures';
import { readNetworkFigures } from '../../../runtime/cgroups/network';
import { readFigures } from '../../../runtime/cgroups/read-figures';
import { SupervisorError } from '../../../supervisor/errors';
import type { Supervisor } from '../../../supervisor/supervisor';
import type { Verb } from '../../call';
import { containerId } from '../check';
import type { StatsRequest, StatsResponse } from '../../gen/legacy/api';
import { timestampOf } from '../messages';
import { cgroupStatsMessage, networkStatsMessage } from '../stats-message';

/** Stats: the container's figures as the kernel has them now; no process is started for it. */
export function stats(supervisor: Supervisor, onStats: (durationMs: number) => void): Verb<StatsRequest, StatsResponse> {
  return async (request) => {
    const beganMs = performance.now();
    const id = containerId(request.id);
    const { cgroup, pid } = await supervisor.request('stats', { id });
    const timestamp = timestampOf(BigInt(Date.now()) * 1_000_000n);
    const read = (): { figures: CgroupFigures; network: ReturnType<typeof readNetworkFigures> } => {
      try {
        return { figures: readFigures(cgroup), network: readNetworkFigures(pid) };
      } catch (cause) {
        // It went away while it was being read.
        if (cause instanceof RuntimeError) throw new SupervisorError('container-not-found', { id }, { cause });
        throw cause;
      }
    };
    const { figures, network } = read();
    onStats(performance.now() - beganMs);
    return {
      network_stats: network.map(networkStatsMessage),
      cgroup_stats: cgroupStatsMessage(figures),
      seconds: timestamp.seconds,
      timestamp,
    };
  };
}
