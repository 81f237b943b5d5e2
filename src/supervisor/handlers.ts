import type { Context } from './context';
import type { Kind, Outcome, TaskOf } from './task';
import { adopted } from './tasks/reports/adopted';
import { adoptionFailed } from './tasks/reports/adoption-failed';
import { commitCreate } from './tasks/reports/commit-create';
import { commitExec } from './tasks/reports/commit-exec';
import { commitStart } from './tasks/reports/commit-start';
import { created } from './tasks/reports/created';
import { endFinished } from './tasks/reports/end-finished';
import { execFailed } from './tasks/reports/exec-failed';
import { exit } from './tasks/reports/exit';
import { heldBack } from './tasks/reports/held-back';
import { oom } from './tasks/reports/oom';
import { checkpointed } from './tasks/reports/checkpointed';
import { paused } from './tasks/reports/paused';
import { recovered } from './tasks/reports/recovered';
import { resumed } from './tasks/reports/resumed';
import { shimFound } from './tasks/reports/shim-found';
import { shimGone } from './tasks/reports/shim-gone';
import { shimLost } from './tasks/reports/shim-lost';
import { startFailed } from './tasks/reports/start-failed';
import { taskDeleted, taskNotDeleted } from './tasks/reports/task-deleted';
import { taskNotStarted, taskStarted } from './tasks/reports/task-started';
import { heldBackEnded } from './tasks/reports/held-back-ended';
import { undoing } from './tasks/reports/undoing';
import { undoneLater } from './tasks/reports/undone-later';
import { untoldEnd } from './tasks/reports/untold-end';
import { writeLog } from './tasks/reports/write-log';
import { checkpointTask } from './tasks/requests/checkpoint-task';
import { createCheckpoint } from './tasks/requests/create-checkpoint';
import { createTask } from './tasks/requests/create-task';
import { deleteCheckpoint } from './tasks/requests/delete-checkpoint';
import { deleteExec, execDeleted, execNotDeleted } from './tasks/requests/delete-exec';
import { deleteTask } from './tasks/requests/delete-task';
import { exec } from './tasks/requests/exec';
import { getContainers } from './tasks/requests/get-containers';
import { killAll } from './tasks/requests/kill-all';
import { listCheckpoints } from './tasks/requests/list-checkpoints';
import { pause } from './tasks/requests/pause';
import { execRegistered, registerExec } from './tasks/requests/register-exec';
import { resume } from './tasks/requests/resume';
import { signal } from './tasks/requests/signal';
import { start } from './tasks/requests/start';
import { execNotStarted, startExec } from './tasks/requests/start-exec';
import { startTask } from './tasks/requests/start-task';
import { stats } from './tasks/requests/stats';
import { update } from './tasks/requests/update';
import { updateProcess } from './tasks/requests/update-process';
import { wait } from './tasks/requests/wait';

/** The handler of each kind of task: the type leaves none out, and gives each its own arguments. */
export const handlers: { readonly [K in Kind]: (task: TaskOf<K>, context: Context) => Outcome<K> } = {
  start,
  createTask,
  startTask,
  deleteTask,
  exec,
  registerExec,
  startExec,
  deleteExec,
  wait,
  killAll,
  signal,
  updateProcess,
  pause,
  resume,
  update,
  getContainers,
  stats,
  createCheckpoint,
  checkpointTask,
  deleteCheckpoint,
  listCheckpoints,
  recovered,
  undoneLater,
  untoldEnd,
  heldBack,
  created,
  commitStart,
  commitCreate,
  taskStarted,
  taskNotStarted,
  taskDeleted,
  taskNotDeleted,
  execRegistered,
  execNotStarted,
  execDeleted,
  execNotDeleted,
  heldBackEnded,
  undoing,
  startFailed,
  commitExec,
  execFailed,
  checkpointed,
  paused,
  resumed,
  exit,
  endFinished,
  oom,
  shimGone,
  shimLost,
  shimFound,
  adopted,
  adoptionFailed,
  writeLog,
};
