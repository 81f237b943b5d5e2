import { stringify } from 'smol-toml';
import type { Settings } from '../settings';
import type { ContainerdConfig } from './config-file';

/** What `config default` and `config dump` print: a file of version 2 that says what counts, and that the daemon takes again. */
export function configText(settings: Settings, config: ContainerdConfig): string {
  const [address = '', ...beside] = settings.socketPaths;
  const { metricsAddress } = settings;
  return stringify({
    version: 2,
    root: settings.root,
    state: settings.stateDir,
    oom_score: settings.oomScoreAdj ?? 0,
    disabled_plugins: [...config.disabledPlugins],
    required_plugins: [],
    imports: [],
    grpc: {
      address,
      tcp_address: '',
      uid: settings.socketUserId,
      gid: Number(settings.socketGroup ?? 0) || 0,
      max_recv_message_size: settings.messageLimits?.receive ?? 16_777_216,
      max_send_message_size: settings.messageLimits?.send ?? 16_777_216,
    },
    ttrpc: { address: config.ttrpcAddress },
    debug: { address: '', level: settings.logLevel, format: 'json' },
    metrics: { address: metricsAddress === undefined ? '' : hostPort(metricsAddress), grpc_histogram: false },
    plugins: {
      holdfast: {
        ...(beside.length === 0 ? {} : { listen: beside }),
        runtime: settings.runtime,
        'runtime-args': [...settings.runtimeArgs],
        'on-shim-death': settings.onShimDeath,
        'runtime-copy': settings.runtimeCopy,
        'retain-count': settings.retainCount,
        'start-timeout': `${settings.startTimeoutMs}ms`,
        runtimes: Object.fromEntries(settings.runtimes),
        mirrors: Object.fromEntries([...settings.mirrors].map(([host, origins]) => [host, [...origins]])),
      },
    },
  }) + '\n';
}

function hostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
