import type { Mirrors } from '../images/registry/endpoint';
import type { HostPort, LogLevel } from './setting-values';
import {
  booleanValue,
  countValue,
  hostPortValue,
  intervalValue,
  logLevelValue,
  loopbackValue,
  oneOf,
  optional,
  pathValue,
  requiredValue,
  serverValue,
  socketPathValues,
} from './setting-values';

export const ON_SHIM_DEATH = ['adopt', 'kill'] as const;
/** What becomes of the containers of a shim that died: a new shim takes them, or they end with 137. */
export type OnShimDeath = (typeof ON_SHIM_DEATH)[number];

export const RUNTIME_COPY = ['auto', 'always', 'never'] as const;
/** Whether runtimes are run from sealed copies in memory; `auto`: where no security module labels processes. */
export type RuntimeCopy = (typeof RUNTIME_COPY)[number];

/** In bytes. */
export interface MessageLimits {
  readonly receive: number;
  readonly send: number;
}

/** Everything that can be set, checked. Paths are absolute, but for those of sockets that fit into their address only as they were given. */
export interface Settings {
  readonly debug: boolean;
  /** `debug` where `--debug` is given and `--log-level` is not. */
  readonly logLevel: LogLevel;
  readonly stateDir: string;
  /** Where lies what outlives a boot of the host: records of containers, namespaces, leases. */
  readonly root: string;
  /** Directory of the agent's definitions; where it is not there, nothing is kept running. */
  readonly programs: string;
  /** Sockets that the API listens on; at least one. */
  readonly socketPaths: readonly string[];
  /** Name or number of the group that may connect; undefined: root alone. */
  readonly socketGroup: string | undefined;
  /** Number of the user that owns the sockets. */
  readonly socketUserId: number;
  /** The largest messages that the API takes and sends; left out: its own limits. */
  readonly messageLimits: MessageLimits | undefined;
  /** For the kernel's OOM killer, proc(5); undefined: as it was started. */
  readonly oomScoreAdj: number | undefined;
  /** The runtime of containers whose request names none: a name, or a path. */
  readonly runtime: string;
  readonly runtimeArgs: readonly string[];
  /** Other programs for the names of runtimes. Only the configuration file sets it. */
  readonly runtimes: ReadonlyMap<string, string>;
  /** Mirrors of registries, by their hosts. Only the configuration file sets it. */
  readonly mirrors: Mirrors;
  /** Name or path as given; which names mean our own shim is not decided here. */
  readonly shim: string;
  /** The name of our own shim's processes. */
  readonly shimCalledAs: string;
  /** How long a start may take; 0: as long as it likes. */
  readonly startTimeoutMs: number;
  readonly onShimDeath: OnShimDeath;
  readonly runtimeCopy: RuntimeCopy;
  /** Events that the log keeps. */
  readonly retainCount: number;
  /** How often the figures are logged, with `debug`; 0: never. */
  readonly metricsIntervalMs: number;
  readonly graphiteAddress: HostPort | undefined;
  readonly metricsAddress: HostPort | undefined;
  /** Always a loopback address. */
  readonly pprofAddress: HostPort | undefined;
  /** The configuration file that was read, if any. */
  readonly configFile: string | undefined;
}

/** What only a configuration file can say. */
export type FileSettings = Pick<Settings, 'runtimes' | 'mirrors' | 'socketUserId' | 'messageLimits' | 'oomScoreAdj'>;

/** The settings that have a flag and a key of that name. */
export type OptionName = Exclude<keyof Settings, keyof FileSettings | 'configFile' | 'shimCalledAs'>;

export const GROUPS = ['API', 'Containers', 'State', 'Logs and figures'] as const;

/** One setting as flag, as key of the configuration file, and in the help. */
export interface Option<T> {
  /** Without dashes; the key of the configuration file too. */
  readonly flag: string;
  readonly short?: string;
  readonly group: (typeof GROUPS)[number];
  /** The type in the configuration file. A list's flag may be given several times. */
  readonly shape: 'boolean' | 'integer' | 'string' | 'strings';
  /** Stands for the value in the help. */
  readonly valueName: string;
  readonly help: string;
  /** The default, written as a user would. */
  readonly initial: readonly string[];
  /** @throws RangeError that says what is wrong with the texts */
  readonly parse: (texts: readonly string[]) => T;
}

/** A flag given twice: the last one counts, as with Go's flags. */
function last<T>(parse: (text: string) => T): (texts: readonly string[]) => T {
  return (texts) => parse(texts.at(-1) ?? '');
}

/** Every option there is: flags, keys and help are all made from this table. */
export const options: { readonly [Name in OptionName]: Option<Settings[Name]> } = {
  socketPaths: {
    flag: 'listen',
    short: 'l',
    group: 'API',
    shape: 'strings',
    valueName: 'ADDRESS',
    help: 'unix:// address of the gRPC API, or the path of its socket; may be given several times',
    initial: ['unix:///run/containerd/containerd.sock'],
    parse: socketPathValues,
  },
  socketGroup: {
    flag: 'socket-group',
    group: 'API',
    shape: 'string',
    valueName: 'GROUP',
    help: 'group, by name or number, that may connect to the sockets; without it only root may',
    initial: [''],
    parse: last(optional(requiredValue)),
  },
  runtime: {
    flag: 'runtime',
    short: 'r',
    group: 'Containers',
    shape: 'string',
    valueName: 'NAME',
    help: 'name or path of the OCI runtime',
    initial: ['runc'],
    parse: last(requiredValue),
  },
  runtimeArgs: {
    flag: 'runtime-args',
    group: 'Containers',
    shape: 'strings',
    valueName: 'ARGUMENT',
    help: 'argument for every call of the runtime; may be given several times',
    initial: [],
    parse: (texts) => texts.map(requiredValue),
  },
  shim: {
    flag: 'shim',
    group: 'Containers',
    shape: 'string',
    valueName: 'NAME',
    help: "name of holdfastd's own shim, or path of another, which is then run once for each process",
    initial: ['containerd-shim'],
    parse: last(requiredValue),
  },
  startTimeoutMs: {
    flag: 'start-timeout',
    group: 'Containers',
    shape: 'string',
    valueName: 'DURATION',
    help: 'how long the start of a container may take; 0 is for ever',
    initial: ['30s'],
    parse: last(intervalValue),
  },
  onShimDeath: {
    flag: 'on-shim-death',
    group: 'Containers',
    shape: 'string',
    valueName: 'ACTION',
    help: 'what becomes of the containers of a shim that died: adopt (they run on under a new one) or kill',
    initial: ['adopt'],
    parse: last(oneOf(ON_SHIM_DEATH)),
  },
  runtimeCopy: {
    flag: 'runtime-copy',
    group: 'Containers',
    shape: 'string',
    valueName: 'WHEN',
    help: 'when to run runc and crun, which copy themselves for each container, from a copy in memory: auto, always or never',
    initial: ['auto'],
    parse: last(oneOf(RUNTIME_COPY)),
  },
  stateDir: {
    flag: 'state-dir',
    group: 'State',
    shape: 'string',
    valueName: 'PATH',
    help: 'directory that holds all that a restart needs',
    initial: ['/run/containerd'],
    parse: last(pathValue),
  },
  root: {
    flag: 'root',
    group: 'State',
    shape: 'string',
    valueName: 'PATH',
    help: 'directory of what outlives a boot: the records of containers; where --state-dir is given, beside that',
    initial: ['/var/lib/holdfast'],
    parse: last(pathValue),
  },
  programs: {
    flag: 'programs',
    group: 'Containers',
    shape: 'string',
    valueName: 'DIR',
    help: 'directory of the definitions (*.toml) of programs that are kept running',
    initial: ['/etc/holdfast/programs'],
    parse: last(pathValue),
  },
  retainCount: {
    flag: 'retain-count',
    group: 'State',
    shape: 'integer',
    valueName: 'COUNT',
    help: 'number of past events that are kept',
    initial: ['500'],
    parse: last(countValue),
  },
  debug: {
    flag: 'debug',
    group: 'Logs and figures',
    shape: 'boolean',
    valueName: '',
    help: 'log at level debug, unless --log-level says otherwise',
    initial: ['false'],
    parse: last(booleanValue),
  },
  logLevel: {
    flag: 'log-level',
    group: 'Logs and figures',
    shape: 'string',
    valueName: 'LEVEL',
    help: 'debug, info, warn, error, fatal or panic',
    initial: ['info'],
    parse: last(logLevelValue),
  },
  metricsIntervalMs: {
    flag: 'metrics-interval',
    group: 'Logs and figures',
    shape: 'string',
    valueName: 'DURATION',
    help: 'how often --debug logs the figures; 0 is never',
    initial: ['5m'],
    parse: last(intervalValue),
  },
  graphiteAddress: {
    flag: 'graphite-address',
    group: 'Logs and figures',
    shape: 'string',
    valueName: 'HOST:PORT',
    help: 'Graphite server that is sent the figures every 10s',
    initial: [''],
    parse: last(optional(serverValue)),
  },
  metricsAddress: {
    flag: 'metrics-address',
    group: 'Logs and figures',
    shape: 'string',
    valueName: 'HOST:PORT',
    help: 'where to serve the figures to Prometheus, at /metrics',
    initial: [''],
    parse: last(optional(hostPortValue)),
  },
  pprofAddress: {
    flag: 'pprof-address',
    group: 'Logs and figures',
    shape: 'string',
    valueName: 'HOST:PORT',
    help: "loopback address of Node's inspector, for profiles and heap snapshots",
    initial: [''],
    parse: last(optional(loopbackValue)),
  },
};

export const optionNames = Object.keys(options) as readonly OptionName[];
