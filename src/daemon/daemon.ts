import PQueue from 'p-queue';
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { ApiServer } from '../api/server';
import { PROGRAMS_NAMESPACE } from '../programs/name';
import { ImageRoom } from '../images/image-room';
import { startFileThread } from '../images/files/start-file-thread';
import { Proxies } from '../images/registry/proxies';
import { Monitor } from '../monitor/monitor';
import { Records } from '../records/records';
import { StateDir } from '../runtime/state-dir/layout';
import { ForeignFiles } from '../runtime/foreign/foreign-files';
import { RuntimeCopies } from '../runtime/oci/runtime-copies';
import { Channel } from '../supervisor/channel';
import type { Context } from '../supervisor/context';
import { EventLog } from '../supervisor/events/event-log';
import { EventPublisher } from '../supervisor/events/event-publisher';
import { Lanes } from '../supervisor/lanes';
import { restore } from '../supervisor/restore/restore';
import { Supervisor, makeTask } from '../supervisor/supervisor';
import type { Kind, Task, TaskAnswers, TaskArgs } from '../supervisor/task';
import { ChildReaper } from '../sys/process/children';
import { queuedLookup, waitForFirstAddress } from '../sys/sockets/queued-lookup';
import { DescriptorRoom } from '../sys/descriptor-room';
import { hangsAside } from '../sys/files/aside';
import { FreedMemory, giveBackLargePieces } from '../sys/freed-memory';
import { Poller } from '../sys/poller';
import { becomeSubreaper } from '../sys/process/process';
import { letGoOfStartCode } from '../sys/start-code';
import { makePoolThreads } from '../sys/thread-pool';
import { emptyTrash } from '../worker/discard';
import { isOurShim } from '../worker/shims/shim';
import { ShimFleet } from '../worker/shims/shim-fleet';
import { StartPool } from '../worker/start-pool';
import { type AgentParts, makeAgent } from './agent-parts';
import { containerdFace } from './containerd-face';
import { groupIdOf } from './group';
import { imageEvents } from './image-events';
import { StateDirLock } from './lock';
import type { Logger } from './log';
import { Metrics } from './metrics/metrics';
import type { Programs } from '../programs/programs';
import { Observers } from './observers';
import { rebuildRecords } from './rebuild-records';
import type { ServedSocket } from './service';
import type { Settings } from './settings';
import { favour, keepSecretsFromCores, rateForOomKiller } from './standing';
import { VERSION } from './version';
import { makePrograms } from './programs-parts';
import { shimWatchdog } from './watchdog';
import { copiesRuntimes, makeTools } from './work-tools';

/** Requests that may wait for the loop, which takes microseconds for each. */
const channelCapacity = 8192;
/** Starts that may wait for one of the ten workers: several times what a host holds. */
const startCapacity = 8192;
/** Slow work at once, beside the starts; each is mostly a runtime's process. */
const laneConcurrency = 32;
const laneCapacity = 8192;
/** Removals of what ended processes left: small synchronous files, and rarely a runtime's process. */
const endConcurrency = 16;
/** dockerd waits 15 s after its SIGTERM; what has not ended by now is undone at the next start. */
const stopTimeoutMs = 10_000;
/** A blob comes in messages of a megabyte, in pieces of 64 KiB, each of which is there for a moment. */
const largePieceBytes = 64 * 1024;

/** The daemon: constructs everything, and gives each part what it needs. */
export class Daemon {
  readonly #lock: StateDirLock;
  readonly #records: Records;
  readonly #poller: Poller;
  readonly #reaper: ChildReaper;
  readonly #runtimeCopies: RuntimeCopies;
  readonly #foreign: ForeignFiles;
  readonly #images: ImageRoom;
  readonly #context: Context;
  readonly #supervisor: Supervisor;
  readonly #programs: Programs;
  readonly agent: AgentParts;
  readonly #api: ApiServer;
  readonly #metrics = new Metrics();
  readonly #observers: Observers;
  /** Of starts and ends, which are told. */
  readonly #freed = new FreedMemory();

  /** Locks the state directory. @throws DaemonError */
  constructor(
    private readonly settings: Settings,
    /** Of the API, that somebody else has made. */
    private readonly handed: readonly ServedSocket[],
    private readonly log: Logger,
    recordsThread: Worker,
    /** Somebody asks that another daemon take this one's place. */
    onRestart: () => void,
  ) {
    const descriptors = DescriptorRoom.ofThisProcess();
    keepSecretsFromCores(log);
    favour(log);
    rateForOomKiller(settings.oomScoreAdj, log);
    const stateDir = new StateDir(settings.stateDir);
    mkdirSync(stateDir.root, { recursive: true, mode: 0o711 });
    this.#lock = new StateDirLock(stateDir.lockFile, stateDir.root);
    const programs = dirname(realpathSync(process.argv[1] ?? ''));
    this.#records = recordsAt(recordsThread, settings.root, log);
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
    const shimProgram = join(programs, 'holdfast-shim');
    this.#foreign = new ForeignFiles({
      program: shimProgram,
      reaper: this.#reaper,
      poller: this.#poller,
      onGivenUp: (what) => { log.warn({ what }, 'a file system does not answer'); },
    });
    // For all of them together: the pool has four threads.
    const lookup = queuedLookup();
    waitForFirstAddress();
    this.#images = new ImageRoom({
      records: this.#records,
      root: settings.root,
      startThread: () => startFileThread(join(programs, 'holdfast-images')),
      layerProgram: join(programs, 'holdfast-layers'),
      reaper: this.#reaper,
      nowNs: () => BigInt(Date.now()) * 1_000_000n,
      log,
      registries: { lookup, mirrors: settings.mirrors, proxies: new Proxies(process.env) },
    });
    const fleet = new ShimFleet({
      stateDir,
      program: shimProgram,
      calledAs: settings.shimCalledAs,
      greeting: { version: VERSION, copyRuntimes },
      reaper: this.#reaper,
      log,
      watchdog: shimWatchdog(process.env),
      onLost: (name) => {
        this.#metrics.count('shim-restarts');
        post('shimLost', { name });
        this.agent.shimLost();
      },
      onFound: (processes) => { post('shimFound', { processes }); },
      onUnread: (fifoFds) => { for (const fd of fifoFds) this.#context.tools.lastWords.keep(fd); },
    });
    const tools = makeTools({ settings, stateDir, fleet, reaper: this.#reaper, poller: this.#poller, runtimeCopies: this.#runtimeCopies, foreign: this.#foreign, log, descriptors });
    this.#context = {
      table: new Map(),
      publisher: new EventPublisher(this.#openLog(stateDir), (message, details) => { log.error(details, message); }, () => {
        post('writeLog', {});
      }),
      monitor: new Monitor(this.#poller, {
        exit: (process, end) => { post('exit', { process, end }); },
        shimGone: (process) => { post('shimGone', { process }); },
        oom: (id, kills, stalls) => { post('oom', { id, kills, stalls }); },
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
    this.#context.publisher.subscribe(() => { this.#freed.leave(); }, false);
    this.#supervisor = new Supervisor(channel, this.#context);
    this.#programs = makePrograms({ supervisor: this.#supervisor, context: this.#context, records: this.#records, stateDir, settings, reaper: this.#reaper, roots: this.#images.rootsOf(PROGRAMS_NAMESPACE), networkHook: join(programs, 'holdfast-network') });
    const library = this.#images.libraryOf(PROGRAMS_NAMESPACE, imageEvents(this.#context.publisher, PROGRAMS_NAMESPACE));
    this.agent = makeAgent({ directory: settings.programs, programs: this.#programs, records: this.#records, library, fleet, lookup, tools, log });
    this.#api = new ApiServer({
      supervisor: this.#supervisor,
      publisher: this.#context.publisher,
      settings,
      containerd: containerdFace({ supervisor: this.#supervisor, context: this.#context, records: this.#records, images: this.#images, stateDir, settings }),
      holdfast: { programs: this.#programs.parts, library },
      version: VERSION,
      onRestart,
      log,
      descriptors,
      poller: this.#poller,
      messageLimits: settings.messageLimits,
      onStats: (durationMs) => { this.#metrics.record('container-stats-time', durationMs); },
    });
    this.#observers = new Observers({ settings, log, metrics: this.#metrics, context: this.#context, channel });
    log.debug({ openFiles: descriptors.limit, stateDir: stateDir.root }, 'constructed');
  }

  /** Restores what runs, and answers on the sockets from then on. @throws DaemonError, ListenError */
  async start(): Promise<void> {
    const beganMs = performance.now();
    giveBackLargePieces(largePieceBytes);
    await makePoolThreads();
    this.#supervisor.run();
    // What runs is found in the state directory: it need not wait for the records.
    const [restored] = await Promise.all([restore(this.#context), this.#openRecords()]);
    if (this.#records.isNew || this.#records.refusal !== undefined) await rebuildRecords(this.#records, this.#context);
    this.#context.fleet.upgradeOlder();
    this.#images.begin();
    await this.#programs.begin();
    await this.agent.begin();
    const { socketGroup, socketUserId } = this.settings;
    const groupId = socketGroup === undefined ? undefined : groupIdOf(socketGroup);
    const own = this.settings.socketPaths.filter((path) => !this.handed.some((socket) => isSameFile(socket.path, path)));
    const listen = [...this.handed.map(({ path }) => path), ...own];
    try {
      // The sockets last: who reaches them finds a daemon that stays.
      await this.#observers.open();
      for (const { open } of this.handed) await this.#api.serve(open());
      for (const path of own) await this.#api.listen(path, groupId, socketUserId);
    } catch (error) {
      this.#observers.close();
      this.#api.close();
      throw error;
    }
    this.log.info({ ...restored, listen, pid: process.pid, durationMs: Math.round(performance.now() - beganMs) }, 'ready');
    letGoOfStartCode();
    // The first container need not wait for the shim's start; a failure shows when one does.
    if (isOurShim(this.settings.shim)) this.#context.fleet.current().catch(() => undefined);
  }

  /** Stops taking requests, finishes what is under way, and lets go; containers and shims run on. @returns whether nothing of this process hangs */
  async stop(): Promise<boolean> {
    // First: what is refused from now on is no failure of a program's.
    await this.agent.close();
    this.#supervisor.refuseRequests();
    const overdue = new Promise<void>((resolve) => { setTimeout(resolve, stopTimeoutMs).unref(); });
    await Promise.race([this.#supervisor.stop(), overdue]);
    await Promise.race([this.#context.fleet.close(), overdue]);
    this.#observers.close();
    this.#freed.close();
    // Before their connections are cut: readers of output do not leave by that.
    this.#programs.close();
    this.#api.close();
    this.#context.monitor.close();
    this.#context.tools.frozenCgroup.close();
    emptyTrash(this.#context.tools.stateDir, this.log);
    this.#context.publisher.close();
    this.#foreign.close();
    this.#runtimeCopies.close();
    this.#reaper.close();
    this.#poller.close();
    const haveEnded = await this.#images.close();
    const hasClosed = await this.#records.close();
    this.#lock.close();
    return haveEnded && hasClosed && !hangsAside();
  }

  /** SIGUSR1: what the daemon has under way, to the log. */
  dump(): void {
    this.#observers.dump();
  }

  async #openRecords(): Promise<void> {
    await this.#records.open();
    const { refusal } = this.#records;
    if (refusal !== undefined) this.log.error({ root: this.settings.root, cause: refusal }, 'the records cannot be used: what runs is managed, and changes of records are refused');
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

function recordsAt(thread: Worker, root: string, log: Logger): Records {
  return new Records(thread, root, {
    movedAside: (aside, cause) => { log.error({ aside, cause }, 'the records were unusable and lie aside, new ones are begun'); },
    filesAside: (aside) => { log.error({ aside }, 'the records tell nothing of the files of images: they lie aside, and can be removed when no container needs them'); },
    invalid: (cause) => { log.error({ cause }, 'a record cannot be read, and is left out'); },
    hanging: (forMs) => {
      if (forMs === undefined) log.warn({ root }, 'the disk of the records answers again');
      else log.error({ root, forMs: Math.round(forMs) }, 'the disk of the records does not answer: changes are refused until it does');
    },
  });
}

/** /var/run is /run. */
function isSameFile(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}
