import type { TableReader } from './table-reader';

/** What is served here, by the names that containerd's own plugins have. */
const SERVED = new Set([
  ...['containers', 'content', 'events', 'healthcheck', 'images', 'introspection', 'leases', 'namespaces', 'snapshots', 'tasks', 'version'].map((name) => `io.containerd.grpc.v1.${name}`),
  'io.containerd.content.v1.content',
  'io.containerd.gc.v1.scheduler',
  'io.containerd.runtime.v2.task',
  'io.containerd.snapshotter.v1.native',
  'io.containerd.snapshotter.v1.overlayfs',
]);

/** Settings of plugins that limit what containers may use: without them they would go without a limit, and nobody would hear of it. */
const LIMITS: readonly (readonly [plugin: string, key: string])[] = [
  ['io.containerd.service.v1.tasks-service', 'blockio_config_file'],
  ['io.containerd.service.v1.tasks-service', 'rdt_config_file'],
];

/** Of the runtime of version 1, which Docker 18.09 to 20.10 configure and do not use: their requests name root and program. */
const LINUX_RUNTIME = new Set(['linux', 'io.containerd.runtime.v1.linux']);
const OWN = 'holdfast';

/** Which plugins a file wants, and what it says of them. */
export class PluginTables {
  readonly disabled: readonly string[];
  /** The table of this daemon's own settings: `[plugins.holdfast]`. */
  readonly own: Readonly<Record<string, unknown>>;

  constructor(file: TableReader) {
    this.disabled = file.strings('disabled_plugins');
    for (const name of this.disabled) {
      if (SERVED.has(name)) file.refuse('disabled_plugins', `${JSON.stringify(name)} cannot be switched off here`);
    }
    const missing = file.strings('required_plugins').filter((name) => !SERVED.has(name));
    if (missing.length > 0) file.refuse('required_plugins', `${missing.map((name) => JSON.stringify(name)).join(', ')} are not here`);

    const plugins = file.table('plugins');
    this.own = plugins.table(OWN).whole();
    for (const [plugin, key] of LIMITS) {
      if (plugins.keys().includes(plugin) && plugins.table(plugin).string(key) !== '') {
        plugins.refuse(plugin, `${key} would limit what containers use, and nothing here does`);
      }
    }
    for (const plugin of plugins.keys()) {
      const isDisabled = this.disabled.includes(plugin);
      if (LINUX_RUNTIME.has(plugin)) plugins.table(plugin).passAll();
      else if (isDisabled) plugins.pass(plugin);
    }
  }
}
