import { arch } from 'node:os';
import { type IntrospectionServer, IntrospectionService, type Plugin } from '../gen/containerd/services/introspection/v1/introspection';
import type { Logger } from '../../runtime/logger';
import { unary } from '../call';
import { classError } from './errors';
import { matches, parseFilters } from './filter/filter';
import { inRecordWords } from './records/record-errors';
import { statusOf } from './status';

export { IntrospectionService };

/** What is really there, by the types and ids that clients know; what is not served yet is not listed. */
const served: readonly (readonly [type: string, id: string])[] = [
  ['io.containerd.content.v1', 'content'],
  ['io.containerd.differ.v1', 'walking'],
  ['io.containerd.snapshotter.v1', 'native'],
  ['io.containerd.snapshotter.v1', 'overlayfs'],
  ['io.containerd.metadata.v1', 'bolt'],
  ['io.containerd.gc.v1', 'scheduler'],
  ['io.containerd.runtime.v2', 'task'],
  ['io.containerd.monitor.v1', 'cgroups'],
  ['io.containerd.service.v1', 'containers-service'],
  ['io.containerd.service.v1', 'content-service'],
  ['io.containerd.service.v1', 'diff-service'],
  ['io.containerd.service.v1', 'images-service'],
  ['io.containerd.service.v1', 'leases-service'],
  ['io.containerd.service.v1', 'namespaces-service'],
  ['io.containerd.service.v1', 'snapshots-service'],
  ['io.containerd.service.v1', 'tasks-service'],
  ['io.containerd.service.v1', 'introspection-service'],
  ['io.containerd.grpc.v1', 'containers'],
  ['io.containerd.grpc.v1', 'content'],
  ['io.containerd.grpc.v1', 'diff'],
  ['io.containerd.grpc.v1', 'events'],
  ['io.containerd.grpc.v1', 'healthcheck'],
  ['io.containerd.grpc.v1', 'images'],
  ['io.containerd.grpc.v1', 'introspection'],
  ['io.containerd.grpc.v1', 'leases'],
  ['io.containerd.grpc.v1', 'namespaces'],
  ['io.containerd.grpc.v1', 'snapshots'],
  ['io.containerd.grpc.v1', 'tasks'],
  ['io.containerd.grpc.v1', 'version'],
];

/** Those that depend on the machine say which. */
const withPlatform = new Set(['io.containerd.differ.v1', 'io.containerd.runtime.v2', 'io.containerd.monitor.v1', 'io.containerd.snapshotter.v1']);

/** The service `containerd.services.introspection.v1.Introspection`. @param uuid this daemon's */
export function introspectionService(uuid: () => string, log: Logger): IntrospectionServer {
  const plugins = served.map(([type, id]) => pluginMessage(type, id));
  const fields = ({ type, id }: Plugin) => ([first, ...rest]: readonly string[]): string | undefined => {
    if (rest.length > 0) return undefined;
    return first === 'type' ? type : first === 'id' ? id : undefined;
  };
  return {
    plugins: unary({ name: 'Introspection/Plugins', log, changes: false, statusOf }, ({ filters }) => {
      const parsed = inRecordWords(() => parseFilters(filters));
      return { plugins: plugins.filter((plugin) => matches(parsed, fields(plugin))) };
    }),
    server: unary({ name: 'Introspection/Server', log, changes: false, statusOf }, () => ({
      uuid: uuid(),
      pid: BigInt(process.pid),
      pidns: 0n,
      deprecations: [],
    })),
    pluginInfo: unary({ name: 'Introspection/PluginInfo', log, changes: false, statusOf }, ({ type, id }) => {
      const plugin = plugins.find((one) => one.type === type && one.id === id);
      if (plugin === undefined) throw classError('not-found', 'plugin');
      return { plugin, extra: undefined };
    }),
  };
}

function pluginMessage(type: string, id: string): Plugin {
  const platform = { os: 'linux', architecture: goArchitecture(), variant: '', os_version: '', os_features: [] };
  return { type, id, requires: [], platforms: withPlatform.has(type) ? [platform] : [], exports: new Map(), capabilities: [], init_err: undefined };
}

/** Names of this API are those of the Go language. */
function goArchitecture(): string {
  return arch() === 'x64' ? 'amd64' : arch();
}
