import type { FaultPoint } from '../../../src/sys/fault-points';
import { describeOnHost, realContainers } from '../../support/requires';
import { liveThrough } from './agent-life';

/** Each time that a life comes to a point. */
const times = (point: FaultPoint, count: number): string[] => Array.from({ length: count }, (_, at) => `${point}=kill:${String(at + 1)}`);

const faults: readonly string[] = [
  ...times('daemon.agent.before-write', 15),
  ...times('daemon.agent.written', 15),
  ...times('daemon.agent.before-start', 4),
  ...times('daemon.agent.started', 4),
  ...times('daemon.agent.signalled', 2),
  ...times('daemon.agent.checking', 2),
  // Among them what is to be run, which goes to the disk while the process comes up.
  ...times('daemon.records.before-write', 6),
  ...times('daemon.start.before-take', 1),
  ...times('daemon.create.told', 2),
  ...times('daemon.start-task.started', 2),
  ...times('daemon.start-task.told', 2),
  ...times('daemon.delete.before-abort', 1),
  ...times('daemon.delete.removed', 1),
];

describeOnHost('a program of the agent whose daemon is killed', realContainers, () => {
  test.each(faults)('at %s is started once for each start, and is as was asked for', liveThrough);
});
