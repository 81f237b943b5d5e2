import type { MetricsRequest, MetricsResponse } from '../../gen/containerd/services/tasks/v1/tasks';
import type { Metric } from '../../gen/containerd/types/metric';
import { Metrics as MetricsV1 } from '../../gen/containerd/metrics/cgroups-v1';
import { Metrics as MetricsV2 } from '../../gen/containerd/metrics/cgroups-v2';
import type { Any } from '../../gen/google/protobuf/any';
import { type ContainerCgroup, directoryOf } from '../../../runtime/cgroups/cgroup';
import { readFigures } from '../../../runtime/cgroups/read-figures';
import { nameOf } from '../../../runtime/state-dir/container-key';
import type { ContainerView } from '../../../supervisor/container';
import type { Verb } from '../../call';
import { FaceError } from '../errors';
import { matches, parseFilters } from '../filter/filter';
import { FilterError } from '../filter/scanner';
import { namespaceOf } from '../namespace';
import type { TasksFace } from './face';
import { metricsMessage } from './metrics-message';
import { metricsMessageV2 } from './metrics-message-v2';
import { now } from '../time';

/** Containers whose cgroups are read in one go; in between other requests have their turn. */
const containersPerTurn = 32;

/** Metrics: the figures of the tasks that the filters match; one whose figures cannot be read is left out. */
export function metrics(face: TasksFace): Verb<MetricsRequest, MetricsResponse> {
  return async ({ filters }, { metadata }) => {
    const namespace = namespaceOf(metadata);
    const matches = matcherOf(filters, namespace);
    const views = await face.supervisor.request('getContainers', { id: '', namespace });
    const found: Metric[] = [];
    let read = 0;
    for (const view of views) {
      if (!matches(nameOf(view.id).id)) continue;
      const metric = metricOf(view);
      if (metric !== undefined) found.push(metric);
      read += 1;
      if (read % containersPerTurn === 0) await new Promise(setImmediate);
    }
    return { metrics: found };
  };
}

/** Any of the filters may match, and no filter matches all. @throws FaceError without a class of its own: so clients know it */
function matcherOf(texts: readonly string[], namespace: string): (id: string) => boolean {
  const filters = parsed(texts);
  return (id) => matches(filters, ([first, ...rest]) => (rest.length > 0 ? undefined : first === 'id' ? id : first === 'namespace' ? namespace : undefined));
}

function parsed(texts: readonly string[]): ReturnType<typeof parseFilters> {
  try {
    return parseFilters(texts);
  } catch (cause) {
    if (!(cause instanceof FilterError)) throw cause;
    throw new FaceError('unknown', `${cause.message}: invalid argument`, { cause });
  }
}

function dataOf(cgroup: ContainerCgroup): Any {
  const figures = readFigures(cgroup);
  if (directoryOf(cgroup, 'memory')?.version === 2) {
    return { type_url: 'io.containerd.cgroups.v2.Metrics', value: MetricsV2.encode(metricsMessageV2(figures)).finish() };
  }
  return { type_url: 'io.containerd.cgroups.v1.Metrics', value: MetricsV1.encode(metricsMessage(figures)).finish() };
}

function metricOf(view: ContainerView): Metric | undefined {
  const { cgroup } = view;
  if (cgroup === undefined) return undefined;
  try {
    return { timestamp: now(), id: nameOf(view.id).id, data: dataOf(cgroup) };
  } catch {
    // Its cgroup has gone, or is going.
    return undefined;
  }
}
