import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ContainersService, Outcome, State } from '../../../src/api/gen/holdfast/v1/containers';
import { DefinitionsService } from '../../../src/api/gen/holdfast/v1/definitions';
import { programKey } from '../../../src/programs/name';
import { StateDir } from '../../../src/runtime/state-dir/layout';
import type { BenchDaemon } from '../bench-daemon';
import type { BenchHost } from '../bench-host';
import { type Figure, type Round, atMost, figureOf, interleave, repeat, timed } from '../figure';
import { cpuMsOf, pssOf, withAllHelpers } from '../proc';
import { bareStart } from './start';

/** How many programs run. */
const programs = 200;
/** Definition files that are read. */
const files = 500;
/** Between two looks at whether all run: one costs the daemon milliseconds. As long as many are missing, they cannot all be there sooner. */
const lookEveryMs = 25;
const soonestEachMs = 2;
const inParallel = 10;
/** What starts have left on the heap is no part of what programs cost: V8 collects it some ten seconds after the last of them. */
const settleMs = 20_000;

/** What programs cost that files define: each figure of a daemon of its own. */
export async function agentFigures(host: BenchHost): Promise<Figure[]> {
  return [
    await containerStart(host),
    await hostStart(host),
    ...(await beginAll(host)),
    ...(await idle(host)),
    await reread(host),
  ];
}

/** A start of a bundle by its program's name, answered once that is RUNNING, against the runtime's create and start. */
async function containerStart(host: BenchHost): Promise<Figure> {
  const what = 'start of a program that is a bundle, answered when RUNNING, against create + start';
  const name = host.name('agent');
  return onHost(host, { [name]: [`bundle = "${host.bundle(name)}"`, ...downAtFirst] }, async (agent) => {
    const { rounds, perRound } = host.options;
    const ours = (): Promise<number[]> => repeat(perRound, () => agent.timedStart(name));
    const bare = (): Promise<number[]> => repeat(perRound, () => bareStart(host));
    await repeat(host.options.warmUp, () => agent.timedStart(name));
    return figureOf({ name: 'agent-start', what, unit: 'ms', targets: [atMost(1.2, 'ratio')] }, await interleave(rounds, ours, bare));
  });
}

async function hostStart(host: BenchHost): Promise<Figure> {
  const name = host.name('agent');
  return onHost(host, { [name]: [sleeps, ...downAtFirst] }, async (agent) => {
    const { rounds, perRound } = host.options;
    await repeat(host.options.warmUp, () => agent.timedStart(name));
    const taken = await repeat(rounds * perRound, () => agent.timedStart(name));
    return figureOf({ name: 'agent-start-host', what: 'start of a host program, answered when RUNNING', unit: 'ms', targets: [atMost(8)] }, [{ ours: taken }]);
  });
}

/** From a daemon's exec, on a host that has just come up, until all programs are RUNNING. */
async function beginAll(host: BenchHost): Promise<Figure[]> {
  const rounds = host.options.quick ? 1 : 3;
  const bundles = Array.from({ length: programs }, () => host.name('agent'));
  const begin = (definitions: Definitions) => async (): Promise<number[]> => [
    await onHost(host, definitions, (agent) => agent.startedUntilRunning(), false),
  ];
  const asBundles = Object.fromEntries(bundles.map((name) => [name, [`bundle = "${host.bundle(name)}"`, 'startsecs = 0']]));
  const bundleRounds: Round[] = await interleave(rounds, begin(asBundles), async () => [await bareStarts(host)]);
  const asHost = Object.fromEntries(bundles.map((name) => [name, [sleeps, 'startsecs = 0']]));
  const hostRounds = await repeat(rounds, async () => (await begin(asHost)())[0] ?? Number.NaN);
  const whatOf = (kind: string): string => `${String(programs)} ${kind}, from the daemon's exec until all are RUNNING`;
  return [
    figureOf({ name: 'agent-begin', what: `${whatOf('bundles')}, against ten create + start loops in parallel`, unit: 'ms', targets: [atMost(1.3, 'ratio')] }, bundleRounds),
    figureOf({ name: 'agent-begin-host', what: whatOf('host programs'), unit: 'ms', targets: [] }, [{ ours: hostRounds }]),
  ];
}

/** Daemon, shim and copiers while nothing happens; what they take more with the programs than without. */
async function idle(host: BenchHost): Promise<Figure[]> {
  const seconds = host.options.quick ? 5 : 15;
  const names = Array.from({ length: programs }, () => host.name('agent'));
  const definitions = Object.fromEntries(names.map((name) => [name, [sleeps, 'startsecs = 0']]));
  return onHost(host, Object.fromEntries(Object.entries(definitions).slice(0, programs / 2)), async (agent) => {
    await agent.untilRunning();
    await wait(settleMs);
    const halfMb = pssOf(agent.supervisors());
    agent.define(definitions);
    await agent.update();
    await agent.untilRunning();
    await wait(settleMs);
    // The first hundred warm the heap up, which is no program's share.
    const eachMb = (pssOf(agent.supervisors()) - halfMb) / (programs / 2);
    const shares = await repeat(host.options.quick ? 3 : 5, async () => {
      const before = cpuMsOf(agent.supervisors());
      await wait(seconds * 1000);
      return (cpuMsOf(agent.supervisors()) - before) / (seconds * 10);
    });
    return [
      figureOf({ name: 'agent-idle', what: `CPU with ${String(programs)} idle programs, of a core, in ${String(seconds)} s`, unit: '%', targets: [atMost(0.5)] }, [{ ours: shares }]),
      figureOf({ name: 'agent-memory', what: `memory (PSS) of daemon, shim and copiers, each further program, ${String(programs / 2)} to ${String(programs)}`, unit: 'MB', targets: [atMost(0.1)] }, [{ ours: [eachMb] }]),
    ];
  });
}

async function reread(host: BenchHost): Promise<Figure> {
  const names = Array.from({ length: files }, () => host.name('agent'));
  const definitions = Object.fromEntries(names.map((name) => [name, [sleeps, 'autostart = false', 'environment = { MODE = "one" }', 'stopwaitsecs = 3']]));
  return onHost(host, definitions, async (agent) => {
    const values = await repeat(host.options.quick ? 5 : 15, () => timed(() => agent.daemon.ask(DefinitionsService.reread, {})));
    return figureOf({ name: 'agent-reread', what: `reread of ${String(files)} files`, unit: 'ms', targets: [atMost(300)] }, [{ ours: values }]);
  });
}

/** Keys of a program each. */
type Definitions = Readonly<Record<string, readonly string[]>>;

const sleeps = 'command = ["/bin/sleep", "100000"]';
/** RUNNING as soon as it is up, and only when asked for. */
const downAtFirst = ['autostart = false', 'startsecs = 0', 'stopsignal = "KILL"'];

/** A daemon that keeps running what files define. */
class AgentDaemon {
  readonly #directory: string;
  #definitions: Definitions = {};

  constructor(readonly daemon: BenchDaemon, directory: string) {
    this.#directory = directory;
    mkdirSync(directory);
  }

  /** A file for each program. */
  define(definitions: Definitions): void {
    this.#definitions = definitions;
    for (const [name, keys] of Object.entries(definitions)) writeFileSync(join(this.#directory, `${name}.toml`), [`[program.${name}]`, ...keys, ''].join('\n'));
  }

  async update(): Promise<void> {
    await this.daemon.all(DefinitionsService.update, { names: [], dry_run: false });
  }

  /** @returns milliseconds until it is RUNNING; it is down again then */
  async timedStart(name: string): Promise<number> {
    const names = [name];
    const ms = await timed(async () => {
      const told = await this.daemon.all(ContainersService.start, { names, definition: undefined, stdio: undefined });
      const result = told.at(-1)?.result;
      if (result?.outcome !== Outcome.STARTED) throw new Error(`${name} is not started: ${JSON.stringify(result)}`);
    });
    await this.daemon.all(ContainersService.stop, { names, signal: 9, timeout_ms: undefined });
    await this.#untilRemoved(name);
    return ms;
  }

  /** What is done after an end (a bundle's by the runtime's `delete`) is no part of the next start. */
  async #untilRemoved(name: string): Promise<void> {
    const directory = new StateDir(this.daemon.stateDir).containerDir(programKey(name));
    while (existsSync(directory)) await wait(1);
  }

  async startedUntilRunning(): Promise<number> {
    return timed(async () => {
      await this.daemon.start();
      await this.untilRunning();
    });
  }

  async untilRunning(): Promise<void> {
    const wanted = Object.keys(this.#definitions).length;
    for (let running = -1; running < wanted;) {
      if (running >= 0) await wait(lookEveryMs + (wanted - running) * soonestEachMs);
      const { containers } = await this.daemon.ask(ContainersService.list, { names: [], all_namespaces: false });
      running = containers.filter(({ state }) => state === State.RUNNING).length;
    }
  }

  supervisors(): readonly number[] {
    return withAllHelpers(this.daemon.pid ?? 0);
  }

  /** Nothing of it is left. */
  async end(): Promise<void> {
    for (const name of Object.keys(this.#definitions)) rmSync(join(this.#directory, `${name}.toml`));
    this.#definitions = {};
    await this.update();
    await this.daemon.stop();
  }
}

/** @param isStarted the daemon is, with these definitions, before `measure` is called */
async function onHost<T>(host: BenchHost, definitions: Definitions, measure: (agent: AgentDaemon) => Promise<T>, isStarted = true): Promise<T> {
  const name = host.name('agent');
  const directory = join(host.directory, `${name}-programs`);
  const agent = new AgentDaemon(host.freshDaemon(name, ['--programs', directory, '--root', join(host.directory, `${name}-root`)]), directory);
  agent.define(definitions);
  if (isStarted) await agent.daemon.start();
  try {
    return await measure(agent);
  } finally {
    await agent.end();
  }
}

/** All of them, by ten loops beside each other. @returns milliseconds */
async function bareStarts(host: BenchHost): Promise<number> {
  const rest = Array.from({ length: programs }, () => host.name()).map((id) => ({ id, bundle: host.bundle(id) }));
  const made: Awaited<ReturnType<typeof host.bare.create>>[] = [];
  const loop = async (): Promise<void> => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      made.push(await host.bare.create(next.id, next.bundle));
      await host.bare.start(next.id);
    }
  };
  const ms = await timed(() => Promise.all(Array.from({ length: inParallel }, loop)));
  for (const container of made) await host.bare.remove(container);
  return ms;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
