import { describeOnHost, realContainers } from '../../support/requires';
import { liveThrough } from './agent-life';

/** One of each kind; `agent-matrix.test.ts` has all. */
const faults = [
  'daemon.agent.before-write=kill:1',
  'daemon.agent.before-write=kill:5',
  'daemon.agent.written=kill:2',
  'daemon.agent.written=kill:7',
  'daemon.agent.before-start=kill:1',
  'daemon.agent.before-start=kill:3',
  'daemon.agent.started=kill:2',
  'daemon.agent.signalled=kill:1',
  'daemon.agent.checking=kill:1',
  'daemon.start-task.started=kill:1',
  'daemon.delete.removed=kill:1',
] as const;

describeOnHost('a program of the agent whose daemon is killed', realContainers, () => {
  test.each(faults)('at %s is started once for each start, and is as was asked for', liveThrough);
});
