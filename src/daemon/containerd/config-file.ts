import { parseToml, readSource, readTable } from '../config-file';
import { DaemonError } from '../errors';
import type { FileSettings, OptionName } from '../settings';
import { PluginTables } from './plugins';
import { TableReader } from './table-reader';

/** What a file of containerd says, as far as it concerns this daemon. */
export interface ContainerdConfig extends Partial<FileSettings> {
  readonly path: string;
  readonly texts: ReadonlyMap<OptionName, readonly string[]>;
  /** The socket of `[grpc]`. */
  readonly address: string | undefined;
  readonly ttrpcAddress: string;
  readonly disabledPlugins: readonly string[];
  /** What the file has and nothing here has a use for. */
  readonly warnings: readonly string[];
}

/** Nothing is said. */
export const EMPTY: ContainerdConfig = { path: '', texts: new Map(), address: undefined, ttrpcAddress: '', disabledPlugins: [], warnings: [] };

/** 0 and 1 are the same layout (dockerd 20.10 writes 0), 2 and 3 differ from it in the names of plugins. */
const NEWEST_VERSION = 3;

const KEYS: Partial<Record<OptionName, string>> = { root: 'root', stateDir: 'state', logLevel: 'debug.level', metricsAddress: 'metrics.address', socketGroup: 'grpc.gid' };

/** What a setting is called in such a file. */
export function keyOf(name: OptionName): string {
  return KEYS[name] ?? `plugins.holdfast.${name}`;
}

/** @returns undefined where there is no such file. @throws DaemonError `config-unreadable`, `config-invalid`, `config-refused` */
export function readContainerdConfig(path: string): ContainerdConfig | undefined {
  const source = readSource(path);
  return source === undefined ? undefined : parseContainerdConfig(path, source);
}

/**
 * What is not known is named in the warnings. What a host may rely on, and would do without if it were passed over, is refused.
 * @param path for the messages
 */
export function parseContainerdConfig(path: string, source: string): ContainerdConfig {
  const file = new TableReader('', parseToml(path, source));
  const texts = new Map<OptionName, readonly string[]>();
  const say = (name: OptionName, text: string): void => {
    if (text !== '') texts.set(name, [text]);
  };
  const version = file.integer('version', 0);
  if (version < 0 || version > NEWEST_VERSION) file.refuse('version', `${version} is not known, only 0 to ${NEWEST_VERSION} are`);
  say('root', file.string('root'));
  say('stateDir', file.string('state'));
  const oomScore = file.integer('oom_score', 0);
  if (oomScore < -1000 || oomScore > 1000) file.complain('oom_score', 'must be from -1000 to 1000');
  for (const key of ['temp', 'plugin_dir'] as const) if (file.string(key) !== '') file.unused(key);

  const plugins = new PluginTables(file);
  const grpc = readGrpc(file.table('grpc'));
  say('socketGroup', grpc.gid === 0 ? '' : String(grpc.gid));
  const debug = file.table('debug');
  say('logLevel', debug.string('level').replace(/^trace$/i, 'debug'));
  debug.pass('uid', 'gid');
  // Figures and dumps are had by [metrics] and SIGUSR1; dockerd writes an address here always.
  debug.string('address');
  if (debug.string('format') === 'text') debug.unused('format');
  const metrics = file.table('metrics');
  say('metricsAddress', metrics.string('address'));
  if (metrics.boolean('grpc_histogram')) metrics.unused('grpc_histogram');
  const ttrpc = file.table('ttrpc');
  ttrpc.pass('uid', 'gid', 'max_recv_message_size', 'max_send_message_size');
  const ttrpcAddress = ttrpc.string('address');
  if (ttrpcAddress !== '') ttrpc.unused('address');
  if (file.table('cgroup').string('path') !== '') file.unused('cgroup.path');
  // Not merged here: whatever stands in them would be passed over unseen.
  if (file.strings('imports').length > 0) file.refuse('imports', 'other files are not read; put what they say into this one');
  for (const key of ['proxy_plugins', 'stream_processors'] as const) {
    const table = file.table(key);
    for (const name of table.keys()) table.unused(name);
    table.passAll();
  }
  file.table('timeouts').passAll();

  const own = readTable(plugins.own);
  for (const [name, said] of own.texts) texts.set(name, said);
  const complaints = [...file.complaints, ...own.complaints.map((text) => `plugins.holdfast: ${text}`)];
  if (complaints.length > 0) throw new DaemonError('config-invalid', `${path}: ${complaints.join('; ')}`);
  const refused = file.refused;
  if (refused.length > 0) throw new DaemonError('config-refused', `${path}: ${refused.join('; ')}`);
  const unused = file.unknown();
  return {
    path,
    texts,
    address: grpc.address === '' ? undefined : grpc.address,
    ttrpcAddress,
    disabledPlugins: plugins.disabled,
    runtimes: own.runtimes,
    mirrors: own.mirrors,
    socketUserId: grpc.uid,
    messageLimits: grpc.limits,
    ...(oomScore === 0 ? {} : { oomScoreAdj: oomScore }),
    warnings: unused.length === 0 ? [] : [`${path}: of no use here: ${unused.join(', ')}`],
  };
}

const LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024;
const HIGHEST_ID = 2 ** 32 - 2;

function readGrpc(grpc: TableReader) {
  // Root for whoever reaches the port; and a client that relies on it would find nobody.
  if (grpc.string('tcp_address') !== '') grpc.refuse('tcp_address', 'the API is served on unix sockets only, for it gives root to whoever reaches it');
  for (const key of ['tcp_tls_ca', 'tcp_tls_cert', 'tcp_tls_key', 'tcp_tls_common_name'] as const) grpc.string(key);
  const [uid, gid] = [grpc.integer('uid', 0), grpc.integer('gid', 0)];
  if (uid < 0 || uid > HIGHEST_ID) grpc.complain('uid', 'must be the number of a user');
  if (gid < 0 || gid > HIGHEST_ID) grpc.complain('gid', 'must be the number of a group');
  const size = (key: string): number => {
    const bytes = grpc.integer(key, LARGEST_MESSAGE_BYTES);
    if (bytes < 0) grpc.complain(key, 'must be a number of bytes');
    return bytes === 0 ? LARGEST_MESSAGE_BYTES : bytes;
  };
  return { address: grpc.string('address'), uid, gid, limits: { receive: size('max_recv_message_size'), send: size('max_send_message_size') } };
}

