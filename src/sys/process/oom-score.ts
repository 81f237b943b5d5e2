import { readFileSync } from 'node:fs';
import { errorCodeOf } from '../thrown';

/** How the OOM killer is to weigh the process, -1000 to 1000: proc(5), oom_score_adj. Children inherit it. 0, which is nothing, for one that is gone. */
export function oomScoreAdjOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'latin1'));
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT' || code === 'ESRCH') return 0;
    throw error;
  }
}
