import type { Context } from './context';
import type { Kind, Outcome, TaskOf } from './task';
import { adopted } from './tasks/adopted';
import { adoptionFailed } from './tasks/adoption-failed';
import { commitExec } from './tasks/commit-exec';
import { commitStart } from './tasks/commit-start';
import { createCheckpoint } from './tasks/create-checkpoint';
import { created } from './tasks/created';
import { deleteCheckpoint } from './tasks/delete-checkpoint';
import { endFinished } from './tasks/end-finished';
import { exec } from './tasks/exec';
import { execFailed } from './tasks/exec-failed';
import { exit } from './tasks/exit';
import { getContainers } from './tasks/get-containers';
import { listCheckpoints } from './tasks/list-checkpoints';
import { oom } from './tasks/oom';
import { pause } from './tasks/pause';
import { paused } from './tasks/paused';
import { recovered } from './tasks/recovered';
import { resume } from './tasks/resume';
import { resumed } from './tasks/resumed';
import { shimGone } from './tasks/shim-gone';
import { shimLost } from './tasks/shim-lost';
import { signal } from './tasks/signal';
import { start } from './tasks/start';
import { startFailed } from './tasks/start-failed';
import { stats } from './tasks/stats';
import { undoing } from './tasks/undoing';
import { update } from './tasks/update';
import { updateProcess } from './tasks/update-process';
import { writeLog } from './tasks/write-log';

/** The handler of each kind of task: the type leaves none out, and gives each its own arguments. */
export const handlers: { readonly [K in Kind]: (task: TaskOf<K>, context: Context) => Outcome<K> } = {
  start,
  exec,
  signal,
  updateProcess,
  pause,
  resume,
  update,
  getContainers,
  stats,
  createCheckpoint,
  deleteCheckpoint,
  listCheckpoints,
  recovered,
  created,
  commitStart,
  undoing,
  startFailed,
  commitExec,
  execFailed,
  paused,
  resumed,
  exit,
  endFinished,
  oom,
  shimGone,
  shimLost,
  adopted,
  adoptionFailed,
  writeLog,
};
