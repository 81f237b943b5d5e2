import PQueue from 'p-queue';
import { mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ApiServer } from '../api/server';
import { Monitor } from '../monitor/monitor';
import { StateDir } from '../runtime/layout';
import { RuntimeCopies } from '../runtime/runtime-copies';
import { Channel } from '../supervisor/channel';
import type { Context } from '../supervisor/context';
import { EventLog } from '../supervisor/event-log';
import { EventPublisher } from '../supervisor/event-publisher';
import { Lanes } from '../supervisor/lanes';
import { restore } from '../supervisor/restore';
import { Supervisor, makeTask } from '../supervisor/supervisor';
import type { Kind, Task, TaskAnswers, TaskArgs } from '../supervisor/task';
import { ChildReaper } from '../sys/children';
import { DescriptorRoom } from '../sys/descriptor-room';
import { Poller } from '../sys/poller';
import { becomeSubreaper } from '../sys/process';
import { favourThisThread } from '../sys/scheduling';
import { isLabelled } from '../sys/security-label';
import { makePoolThreads } from '../sys/thread-pool';
import { emptyTrash } from '../worker/discard';
import { LegacyShim } from '../worker/legacy-shim';
import { isOurShim } from '../worker/shim';
import { ShimFleet } from '../worker/shim-fleet';
import { StartPool } from '../worker/start-pool';
import type { WorkTools } from '../worker/tools';
import { endWithoutShim } from '../worker/undo';
import { groupIdOf } from './group';
import { StateDirLock } from './lock';
import type { Logger } from './log';
import { Metrics } from './metrics/metrics';
import { Observers } from './observers';
import type { RuntimeCopy, Settings } from './settings';
import { VERSION } from './version';
import { shimWatchdog } from './watchdog';

/** Requests that may wait for the loop, which takes microseconds for each. */
const channelCapacity = 8192;
/** Starts that may wait for one of the ten workers: several times what a host holds. */
const startCapacity = 8192;
/** Slow work at once, beside the starts; each is mostly a runtime's process. */
const laneConcurrency = 32;
const laneCapacity = 8192;
/** Removals of what ended processes left: small synchronous files, and rarely a runtime's process. */
const endConcurrency = 16;
/**
 * Ten runtimes at once keep the processors busy for seconds, and three slow health answers end the daemon: it goes
 * before them. More than this gained it little, and with -20 ten parallel starts took a twelfth longer (both measured on
 * two processors).
 */
const niceValue = -5;
/** dockerd waits 15 s after its SIGTERM; what has not ended by now is undone at the next start. */
const stopTimeoutMs = 10_000;

/** The daemon: constructs everything, and gives each part what it needs. */
export class Daemon {
  readonly #lock: StateDirLock;
  readonly #poller: Poller;
  readonly #reaper: ChildReaper;
  readonly #runtimeCopies: RuntimeCopies;
  readonly #context: Context;
  readonly #supervisor: Supervisor;
  readonly #api: ApiServer;
  readonly #metrics = new Metrics();
  readonly #observers: Observers;

  /** Locks the state directory. @throws DaemonError */
  constructor(
    private readonly settings: Settings,
    private readonly log: Logger,
  ) {
    const descriptors = DescriptorRoom.ofThisProcess();
    favour(log);
    const stateDir = new StateDir(settings.stateDir);
    mkdirSync(stateDir.root, { recursive: true, mode: 0o711 });
    this.#lock = new StateDirLock(stateDir.lockFile, stateDir.root);
    this.#poller = new Poller((error) => { log.error({ err: error }, 'a watch failed'); });
    this.#reaper = new ChildReaper(this.#poller);
    // The processes of a shim that dies become ours to reap, not those of the host's init.
    becomeSubreaper();

    const channel = new Channel<Task>(channelCapacity);
    const post = <K extends Kind>(kind: K, args: TaskArgs[K]): void => {
      channel.post(makeTask(kind, args, { resolve: () => undefined, reject: () => undefined }));
    };
    const ask = <K extends Kind>(kind: K, args: TaskArgs[K], cancel?: AbortSignal): Promise<TaskAnswers[K]> =>
      new Promise((resolve, reject) => { channel.post(makeTask(kind, args, { resolve, reject }, cancel)); });

    const copyRuntimes = copiesRuntimes(settings.runtimeCopy);
    this.#runtimeCopies = new RuntimeCopies({
      info: (message) => { log.info({}, message); },
      error: (message, cause) => { log.error({ err: cause }, message); },
    });
    this.#runtimeCopies.allow(copyRuntimes);
    const fleet = new ShimFleet({
      stateDir,
      program: join(dirname(realpathSync(process.argv[1] ?? '')), 'holdfast-shim'),
      greeting: { version: VERSION, copyRuntimes },
      reaper: this.#reaper,
      log,
      watchdog: shimWatchdog(process.env),
      onLost: (name) => {
        this.#metrics.count('shim-restarts');
        post('shimLost', { name });
      },
    });
    const tools = makeTools({ settings, stateDir, fleet, reaper: this.#reaper, runtimeCopies: this.#runtimeCopies, log, descriptors });
    this.#context = {
      table: new Map(),
      publisher: new EventPublisher(this.#openLog(stateDir), (message, details) => { log.error(details, message); }, () => {
        post('writeLog', {});
      }),
      monitor: new Monitor(this.#poller, {
        exit: (process, end) => { post('exit', { process, end }); },
        shimGone: (process) => { post('shimGone', { process }); },
        oom: (id, kills) => { post('oom', { id, kills }); },
      }, (pid) => this.#reaper.orphanStatus(pid)),
      starts: new StartPool(startCapacity),
      lanes: new Lanes(laneConcurrency, laneCapacity),
      ends: new PQueue({ concurrency: endConcurrency }),
      tools,
      fleet,
      settings,
      log,
      timings: this.#metrics,
      post,
      ask,
    };
    this.#supervisor = new Supervisor(channel, this.#context);
    this.#api = new ApiServer({
      supervisor: this.#supervisor,
      publisher: this.#context.publisher,
      settings,
      version: VERSION,
      log,
      descriptors,
      onStats: (durationMs) => { this.#metrics.record('container-stats-time', durationMs); },
    });
    this.#observers = new Observers({ settings, log, metrics: this.#metrics, context: this.#context, channel });
    log.debug({ openFiles: descriptors.limit, stateDir: stateDir.root }, 'constructed');
  }

  /** Restores what runs, and answers on the sockets from then on. @throws DaemonError, ListenError */
  async start(): Promise<void> {
    const beganMs = performance.now();
    await makePoolThreads();
    this.#supervisor.run();
    const restored = await restore(this.#context);
    const { socketPaths, socketGroup } = this.settings;
    const groupId = socketGroup === undefined ? undefined : groupIdOf(socketGroup);
    try {
      // The sockets last: who reaches them finds a daemon that stays.
      await this.#observers.open();
      for (const path of socketPaths) await this.#api.listen(path, groupId);
    } catch (error) {
      this.#observers.close();
      this.#api.close();
      throw error;
    }
    this.log.info({ ...restored, listen: socketPaths, pid: process.pid, durationMs: Math.round(performance.now() - beganMs) }, 'ready');
    // The first container need not wait for the shim's start; a failure shows when one does.
    if (isOurShim(this.settings.shim)) this.#context.fleet.current().catch(() => undefined);
  }

  /** Stops taking requests, finishes what is under way, and lets go; containers and shims run on. */
  async stop(): Promise<void> {
    this.#supervisor.refuseRequests();
    const overdue = new Promise<void>((resolve) => { setTimeout(resolve, stopTimeoutMs).unref(); });
    await Promise.race([this.#supervisor.stop(), overdue]);
    await Promise.race([this.#context.fleet.close(), overdue]);
    this.#observers.close();
    this.#api.close();
    this.#context.monitor.close();
    this.#emptyTrash();
    this.#context.publisher.close();
    this.#runtimeCopies.close();
    this.#reaper.close();
    this.#poller.close();
    this.#lock.close();
  }

  /** SIGUSR1: what the daemon has under way, to the log. */
  dump(): void {
    this.#observers.dump();
  }

  /** What is not removed now is at the next start. */
  #emptyTrash(): void {
    try {
      emptyTrash(this.#context.tools.stateDir);
    } catch (error) {
      this.log.warn({ err: error }, 'what ended containers left cannot be removed yet');
    }
  }

  #openLog(stateDir: StateDir): EventLog {
    return new EventLog({
      path: stateDir.eventDatabase,
      retainCount: this.settings.retainCount,
      onTold: () => { this.#metrics.count('events-logged'); },
      onMovedAside: (aside, cause) => {
        this.log.error({ aside, err: cause }, 'the event database was unusable and lies aside, a new one is in use');
      },
    });
  }
}

/** The daemon goes before the programs that it starts; without the capability for it, it takes its turn. */
function favour(log: Logger): void {
  try {
    favourThisThread(niceValue);
  } catch (error) {
    log.debug({ err: error }, 'no favourable priority');
  }
}

interface ToolParts {
  readonly settings: Settings;
  readonly stateDir: StateDir;
  readonly fleet: ShimFleet;
  readonly reaper: ChildReaper;
  readonly runtimeCopies: RuntimeCopies;
  readonly log: Logger;
  readonly descriptors: DescriptorRoom;
}

/** Rules that go by a program's path or label do not hold for a copy: where there may be such, only on request. */
function copiesRuntimes(setting: RuntimeCopy): boolean {
  return setting === 'always' || (setting === 'auto' && !isLabelled());
}

function makeTools({ settings, stateDir, fleet, reaper, runtimeCopies, log, descriptors }: ToolParts): WorkTools {
  const tools: WorkTools = {
    stateDir,
    reaper,
    runtimeCopies,
    log,
    descriptors,
    startTimeoutMs: settings.startTimeoutMs,
    runtimeAliases: settings.runtimes,
    shimFor: async (setting) =>
      isOurShim(setting) ? await fleet.current() : new LegacyShim(setting, reaper, (takeover) => endWithoutShim(tools, takeover)),
    deadShims: () => fleet.dead,
  };
  return tools;
}
