import type { ApiOptions } from '../options';
import type { APIServer } from '../gen/legacy/api';
import { type Verb, unary } from '../call';
import { EventsStream } from './events-stream';
import { statusOf } from './status';
import { addProcess } from './verbs/add-process';
import { createCheckpoint, deleteCheckpoint, listCheckpoint } from './verbs/checkpoints';
import { createContainer } from './verbs/create-container';
import { getServerVersion } from './verbs/get-server-version';
import { signal } from './verbs/signal';
import { state } from './verbs/state';
import { stats } from './verbs/stats';
import { updateContainer } from './verbs/update-container';
import { updateProcess } from './verbs/update-process';

/** The service `types.API`: each verb with its name for the log, and whether it changes something. */
export function apiService(options: ApiOptions): APIServer {
  const { supervisor, publisher, settings, log, version } = options;
  const reads = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name, log, changes: false, statusOf }, verb);
  const changes = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name, log, changes: true, statusOf }, verb);
  return {
    getServerVersion: reads('GetServerVersion', getServerVersion(version)),
    createContainer: changes('CreateContainer', createContainer(supervisor, settings)),
    updateContainer: changes('UpdateContainer', updateContainer(supervisor)),
    signal: changes('Signal', signal(supervisor)),
    updateProcess: changes('UpdateProcess', updateProcess(supervisor)),
    addProcess: changes('AddProcess', addProcess(supervisor)),
    createCheckpoint: changes('CreateCheckpoint', createCheckpoint(supervisor)),
    deleteCheckpoint: changes('DeleteCheckpoint', deleteCheckpoint(supervisor)),
    listCheckpoint: reads('ListCheckpoint', listCheckpoint(supervisor)),
    state: reads('State', state(supervisor)),
    events: (stream) => { EventsStream.serve(stream, publisher); },
    stats: reads('Stats', stats(supervisor, options.onStats)),
  };
}
