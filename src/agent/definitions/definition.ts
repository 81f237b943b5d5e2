import type { Network } from '../../runtime/bundle/network';

/** Where something is written. Lines and columns begin with 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** In the order in which a program gets there. */
export const conditions = ['started', 'running', 'healthy', 'completed', 'exited'] as const;
/**
 * `started`: it has a process; `running`: it is RUNNING; `healthy`: and its health check says so; `completed`: it has ended
 * expectedly; `exited`: it has ended at all.
 */
export type Condition = (typeof conditions)[number];

/** What is waited for before a start. */
export interface Dependency {
  /** As it is written: a program, `group:*`, `group:process`. */
  readonly target: string;
  readonly condition: Condition;
}

/** A step of a stop: the signal, and how long it is waited for the end before the next step; after the last one comes SIGKILL. */
export interface StopStep {
  /** Its number: signal(7). */
  readonly signal: number;
  readonly waitMs: number;
  /** The image's own signal, where it says one: none is written. */
  readonly isOfImage?: boolean;
}

/** Ends that count as expected: an exit status, or a signal that has ended it. */
export type ExpectedEnd = { readonly status: number } | { readonly signal: number };

/** How starts are repeated: the delay is min(max, initial × factor^n), ± jitter's part of it. */
export interface RestartPolicy {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** 0 to 1. */
  readonly jitter: number;
  /** So long RUNNING (and healthy), and n is 0 again. */
  readonly resetMs: number;
  /** More starts than `count` within `withinMs`: FATAL. */
  readonly limit: { readonly count: number; readonly withinMs: number } | undefined;
}

/** What is done once a program is FATAL. */
export type OnFatal = { readonly is: 'none' } | { readonly is: 'shutdown' } | { readonly is: 'command'; readonly command: readonly string[] };

/** How health is looked at. */
export type HealthCheck =
  | { readonly is: 'exec'; readonly command: readonly string[] }
  | {
    readonly is: 'http';
    readonly url: string;
    /** Statuses that are well: both ends belong to it. */
    readonly expectStatus: readonly { readonly from: number; readonly to: number }[];
    /** Text that the body holds. */
    readonly expectBody: string | undefined;
  }
  /** `host:port`: `parseHostPort`. */
  | { readonly is: 'tcp'; readonly address: string }
  | { readonly is: 'notify' };

/** A health check and when it is made. */
export interface Health {
  readonly check: HealthCheck;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** So many failures in a row are unhealthy. */
  readonly retries: number;
  /** After the start: failures do not count, and it is tried each `startIntervalMs`. */
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly onFailure: 'restart' | 'none';
}

/** What makes STARTING RUNNING. */
export type Ready = { readonly is: 'startsecs' } | { readonly is: 'health' } | { readonly is: 'notify' } | { readonly is: 'log'; readonly pattern: string };

/** When it is started by the clock. */
export interface Schedule {
  readonly when: { readonly is: 'every'; readonly everyMs: number } | { readonly is: 'cron'; readonly expression: string };
  /** One that has passed while the host or the daemon was away: made up for once, or not. */
  readonly missed: 'run-once' | 'skip';
  /** One that comes while the last run is not over: left out, or run after it. */
  readonly overlap: 'skip' | 'queue';
  /** Of the IANA's names; undefined: the host's. */
  readonly timezone: string | undefined;
}

/** The cgroup's limits: what `update` changes without a restart. Undefined: none. */
export interface Limits {
  readonly memoryBytes: number | undefined;
  /** Above it, it is slowed down: cgroup version 2. */
  readonly memoryHighBytes: number | undefined;
  readonly swapBytes: number | undefined;
  readonly cpus: number | undefined;
  /** 1 to 10000, of version 2; 100 is the usual. */
  readonly cpuWeight: number | undefined;
  readonly pids: number | undefined;
  /** 1 to 10000, of version 2; 100 is the usual. */
  readonly ioWeight: number | undefined;
}

/** A limit of setrlimit(2). */
export interface ResourceLimit {
  /** `nofile`, `core`, … */
  readonly name: string;
  readonly soft: number | 'unlimited';
  readonly hard: number | 'unlimited';
}

/** Where a stream of output goes. */
export type OutputTarget = { readonly is: 'keep' } | { readonly is: 'null' } | { readonly is: 'inherit' } | { readonly is: 'file'; readonly path: string };

/** What becomes of output. */
export interface LogPolicy {
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  readonly maxAgeMs: number | undefined;
  readonly compress: boolean;
  readonly format: 'cri' | 'raw';
  readonly stdout: OutputTarget;
  readonly stderr: OutputTarget;
  readonly rate: { readonly lines: number; readonly perMs: number } | undefined;
}

/** A file whose content nobody is to see: as a file in $CREDENTIALS_DIRECTORY, or, for old programs, as a variable. */
export interface Secret {
  readonly name: string;
  readonly file: string;
  readonly as: 'file' | 'environment';
}

/** A file of variables; an optional one may be missing. */
export interface EnvironmentFile {
  readonly path: string;
  readonly optional: boolean;
}

/** A socket that outlives the program. */
export interface ListenSocket {
  /** For LISTEN_FDNAMES. */
  readonly name: string;
  /** `tcp://host:port`, `udp://host:port` or `unix:///path`: `parseListenAddress`. */
  readonly address: string;
  /** Of a unix socket: octal, and whose it is; undefined: 0660, and the program's user and group. */
  readonly mode?: number | undefined;
  readonly user?: string | undefined;
  readonly group?: string | undefined;
}

/** When a start has an image fetched from its registry. */
export const pullPolicies = ['missing', 'always', 'never'] as const;
export type PullPolicy = (typeof pullPolicies)[number];

/** What kind of thing it is. */
export type Kind =
  /** The host's file system and network, a cgroup of its own. */
  | { readonly is: 'host'; readonly pidNamespace: boolean }
  /** A container with that root file system, whose spec is made of the definition. */
  | { readonly is: 'rootfs'; readonly rootfs: string }
  /** A container of that image (its whole name), whose spec is made of what the image says and of the definition. */
  | { readonly is: 'image'; readonly image: string; readonly pull: PullPolicy }
  /** An OCI bundle as it is. */
  | { readonly is: 'bundle'; readonly bundle: string };

/** What can be said of a program in its file, with defaults where nothing is said. host-agent's names, with units. */
export interface Settings {
  readonly kind: Kind;
  /** The words; with `shell` one, the script. Empty for a bundle, and for what an image says itself. */
  readonly command: readonly string[];
  /** `/bin/sh -c`. */
  readonly shell: boolean;
  /** Empty: the image's. */
  readonly directory: string;
  readonly umask: number;
  /** Name or number; undefined: the daemon's. */
  readonly user: string | undefined;
  /** Name or number; undefined: the user's. */
  readonly userGroup: string | undefined;
  /** Names or numbers; undefined: the user's. */
  readonly extraGroups: readonly string[] | undefined;
  /** Names to values, in which `${NAME}` still stands: it is expanded at each start. */
  readonly environment: ReadonlyMap<string, string>;
  readonly environmentFiles: readonly EnvironmentFile[];
  readonly inheritEnvironment: boolean;
  readonly secrets: readonly Secret[];
  readonly terminal: boolean;
  readonly stdin: 'null' | 'open';
  readonly labels: ReadonlyMap<string, string>;
  readonly description: string | undefined;

  readonly autostart: boolean;
  readonly onReboot: 'start' | 'laststate';
  readonly priority: number;
  readonly dependsOn: readonly Dependency[];
  readonly dependencyRestart: boolean;
  readonly dependencyTimeoutMs: number | undefined;
  readonly schedule: Schedule | undefined;
  /** Its end is normal: also where it has a schedule. */
  readonly oneshot: boolean;

  readonly autorestart: 'unexpected' | 'always' | 'never';
  readonly expectedEnds: readonly ExpectedEnd[];
  /** `startsecs`: so long up, and it is RUNNING. */
  readonly startMs: number;
  readonly startRetries: number | 'forever';
  readonly restart: RestartPolicy;
  readonly onFatal: OnFatal;

  /** At least one. */
  readonly stopSteps: readonly StopStep[];
  readonly killMode: 'group' | 'process';
  /** What `reload NAME` does; undefined: it has no reload. */
  readonly reload: { readonly is: 'signal'; readonly signal: number } | { readonly is: 'command'; readonly command: readonly string[] } | undefined;

  readonly health: Health | undefined;
  readonly ready: Ready;

  readonly limits: Limits;
  readonly resourceLimits: readonly ResourceLimit[];
  readonly oomScoreAdjust: number | undefined;
  readonly nice: number | undefined;
  readonly noNewPrivileges: boolean;
  /** Such as `CAP_NET_ADMIN`; undefined: all (a host program), the usual ones (a rootfs). */
  readonly capabilities: readonly string[] | undefined;
  readonly readOnlyPaths: readonly string[];
  readonly privateTmp: boolean;
  /** A host program has the host's. */
  readonly network: Network;
  /** Of a container: paths of this host in it, as docker's `-v` has them. */
  readonly volumes: readonly string[];
  /** Of a container; undefined: its process's name. */
  readonly hostname: string | undefined;
  /** Instead of an image's own. */
  readonly entrypoint: string | undefined;

  readonly log: LogPolicy;
  readonly listen: readonly ListenSocket[];
}

/** One program of a file, effective: with all defaults. In its texts `${process_num}` and the like still stand: see `processesOf`. */
export interface ProgramDefinition extends Settings {
  readonly name: string;
  /** An event listener speaks READY and RESULT on its stdio, and is told of these events. */
  readonly listener: { readonly events: readonly string[] } | undefined;
  /** Its own name where no `[group.NAME]` names it. */
  readonly group: string;
  readonly groupPriority: number;
  readonly numprocs: number;
  readonly numprocsStart: number;
  /** A template. */
  readonly processName: string;
  readonly source: SourcePlace;
  /** Its table, as it stands in the file: what it can be read from again. */
  readonly written: Readonly<Record<string, unknown>>;
  /** The settings of one of its processes, in whose texts nothing stands any more but in the environment's. */
  settingsOf(builtIns: ReadonlyMap<string, string>): Settings;
}

/** One process of a program: nothing stands in its texts any more, but in the environment's. */
export interface ProcessDefinition extends Settings {
  /** As supervisorctl shows it: `group:process`, or the process alone where both are the same. */
  readonly fullName: string;
  readonly group: string;
  readonly groupPriority: number;
  readonly process: string;
  /** Of the program that it is one of. */
  readonly program: string;
  readonly listener: { readonly events: readonly string[] } | undefined;
  /** `${process_num}`. */
  readonly number: number;
  /** What `${NAME}` means beside variables: `program_name`, `process_num`, … */
  readonly builtIns: ReadonlyMap<string, string>;
  readonly source: SourcePlace;
}

/** `[webhook.NAME]`: told of events by POST. */
export interface Webhook {
  readonly name: string;
  readonly url: string;
  readonly events: readonly string[];
  /** A file with the key of the HMAC. */
  readonly secretFile: string | undefined;
  readonly source: SourcePlace;
}
