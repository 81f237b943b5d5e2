import { type TasksServer, TasksService } from '../../gen/containerd/services/tasks/v1/tasks';
import type { Logger } from '../../../runtime/logger';
import { type Verb, unary } from '../../call';
import { statusOf } from '../status';
import { checkpoint } from './checkpoint';
import { create } from './create';
import { deleteProcess, deleteTask } from './delete';
import { exec } from './exec';
import type { TasksFace } from './face';
import { get, list } from './get';
import { closeIo, resizePty } from './io';
import { kill } from './kill';
import { listPids } from './list-pids';
import { metrics } from './metrics';
import { pause, resume } from './pause';
import { start } from './start';
import { update } from './update';
import { wait } from './wait';

export { TasksService };

/** The service `containerd.services.tasks.v1.Tasks`: each verb with its name for the log, and whether it changes something. */
export function tasksService(face: TasksFace, log: Logger): TasksServer {
  const reads = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name: `Tasks/${name}`, log, changes: false, statusOf }, verb);
  const changes = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name: `Tasks/${name}`, log, changes: true, statusOf }, verb);
  return {
    create: changes('Create', create(face)),
    start: changes('Start', start(face)),
    delete: changes('Delete', deleteTask(face)),
    deleteProcess: changes('DeleteProcess', deleteProcess(face)),
    get: reads('Get', get(face)),
    list: reads('List', list(face)),
    kill: changes('Kill', kill(face)),
    exec: changes('Exec', exec(face)),
    resizePty: changes('ResizePty', resizePty(face)),
    closeIo: changes('CloseIO', closeIo(face)),
    pause: changes('Pause', pause(face)),
    resume: changes('Resume', resume(face)),
    listPids: reads('ListPids', listPids(face)),
    checkpoint: changes('Checkpoint', checkpoint(face)),
    update: changes('Update', update(face)),
    metrics: reads('Metrics', metrics(face)),
    wait: reads('Wait', wait(face)),
  };
}
