import { createHash } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { Agent } from '../agent/agent';
import { endEverything } from '../agent/end-everything';
import { HostClock } from '../agent/engine/clock';
import type { EngineParts } from '../agent/engine/parts';
import { Peers } from '../agent/engine/peers';
import { Listeners } from '../agent/events/listeners';
import { News } from '../agent/events/news';
import { Webhooks } from '../agent/events/webhooks';
import { Checks } from '../agent/health/checks';
import { NotifySockets } from '../agent/health/notify-sockets';
import { Credentials } from '../agent/launch/credentials';
import { DaemonOutput } from '../agent/launch/daemon-output';
import { ListenSockets } from '../agent/launch/listen-sockets';
import type { Clocks } from '../agent/machine/clocks';
import { Processes } from '../agent/processes';
import { DefinitionStore } from '../agent/update/definition-store';
import { DefinitionKeeper } from '../agent/update/keeper';
import type { Library } from '../images/library/library';
import { PulledRuns } from '../images/library/run-pulled';
import type { Programs } from '../programs/programs';
import type { Records } from '../records/records';
import { bootId } from '../sys/boot';
import { within } from '../sys/within';
import { DescriptorKeeper } from '../worker/shims/descriptor-keeper';
import type { ShimFleet } from '../worker/shims/shim-fleet';
import type { WorkTools } from '../worker/tools';
import type { Logger } from './log';

/** Of a file that a definition names: variables, accounts, a secret. */
const readOptions = { mostBytes: 4 << 20, followLink: true };

export interface AgentOptions {
  /** Of the definition files. */
  readonly directory: string;
  readonly programs: Programs;
  readonly records: Records;
  readonly library: Library;
  readonly tools: Pick<WorkTools, 'foreign' | 'stateDir' | 'poller' | 'reaper'>;
  readonly fleet: ShimFleet;
  readonly lookup: LookupFunction;
  readonly log: Logger;
}

/** A disk that does not answer does not keep a daemon from its end. */
const tellLimitMs = 1000;

/** What the daemon begins and ends of the agent. */
export interface AgentParts {
  /** Takes up what is in use, and tells that it has. */
  begin(): Promise<void>;
  /** Tells that this daemon ends; nothing is done any more, and what runs runs on. */
  close(): Promise<void>;
  /** Resolves once a program that is given up is to be the end of all: with why. */
  readonly endAsked: Promise<string>;
  /** A shim has died: another one holds what programs listen on, and report to. */
  shimLost(): void;
  /** Ends all containers; nothing is started again. */
  endEverything(): Promise<void>;
}

/** The agent, given what it needs. What is asked of programs by name is asked of it where files define them. */
export function makeAgent({ directory, programs, records, library, fleet, lookup, tools: { foreign, stateDir, poller, reaper }, log }: AgentOptions): AgentParts {
  const clock = new HostClock();
  let endAll: (why: string) => void = () => undefined;
  const endAsked = new Promise<string>((resolve) => { endAll = resolve; });
  const holder = new DescriptorKeeper(fleet);
  const listening = new ListenSockets(holder, (place) => foreign.listen(place));
  const notify = new NotifySockets({ poller, directory: join(stateDir.companion, 'notify'), holder, nowMs: () => clock.now().bootMs });
  const now = (): Clocks => clock.now();
  const news = new News({ events: records.programEvents, states: records.programStates, log, now });
  const listeners = new Listeners({ news, cursors: records.eventCursors, notes: programs.parts.publisher.log, poller, directory: join(stateDir.companion, 'listeners'), log });
  const webhooks = new Webhooks({ news, notes: programs.parts.publisher.log, log, read: (path) => foreign.read(path, readOptions), lookup, now, random: () => Math.random() }, records.eventCursors);
  const parts: EngineParts = {
    programs: programs.parts,
    states: records.programStates,
    news,
    listeners,
    peers: new Peers(),
    checks: new Checks(programs.parts, lookup),
    notify,
    credentials: new Credentials([join(stateDir.companion, 'credentials'), `/dev/shm/holdfast-${placeOf(stateDir.root)}`], (path) => foreign.read(path, readOptions)),
    listening,
    output: new DaemonOutput(holder),
    holder,
    fatal: { reaper, endAll },
    stateDir: stateDir.root,
    now,
    random: () => Math.random(),
  };
  const runs = new PulledRuns(library);
  const processes = new Processes(parts);
  const keeper = new DefinitionKeeper({
    processes,
    store: new DefinitionStore(records.programDefinitions),
    directory,
    lookups: {
      read: async (path, root) => (await foreign.read(path, { ...readOptions, root })).toString(),
      runOf: async (image, wishes, pull, cancel) => {
        const { name, chain, stopSignal, spec } = await runs.runOf(image, wishes, pull, cancel);
        return { containerSpec: spec, image: { name, chain, stopSignal } };
      },
    },
    bootId: bootId(),
    news,
    listeners,
    webhooks,
    nowMs: () => now().wallMs,
    // Where it does not come up, the first start tells.
    expectStarts: () => { fleet.current().catch(() => undefined); },
    log,
  });
  programs.parts.managed = new Agent(parts, processes);
  programs.parts.definitionFiles = keeper;
  return {
    begin: async () => {
      news.takeUp();
      await keeper.begin();
      void news.tell([{ is: 'supervisor', state: 'RUNNING', atMs: now().wallMs }]);
    },
    close: async () => {
      const told = news.tell([{ is: 'supervisor', state: 'STOPPING', atMs: now().wallMs }]);
      processes.close();
      webhooks.close();
      await within(tellLimitMs, told, undefined);
    },
    endAsked,
    shimLost: () => {
      Promise.all([listening.holdAnew(), notify.holdAnew()]).catch((error: unknown) => { log.error({ err: error }, 'sockets of programs are held by no shim'); });
    },
    endEverything: async () => {
      // Nobody is to be left holding something.
      notify.closeOthers(new Set());
      processes.close();
      await endEverything(programs.parts);
      await listening.closeAll();
    },
  };
}

/** Of this state directory, where other daemons have theirs. */
function placeOf(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 16);
}
