import { type Container, ContainersService } from '../../../src/api/gen/holdfast/v1/containers';
import { within } from '../../support/deadline';
import { signalExactly } from '../../support/processes';
import { shimsOf } from '../../support/shims';
import type { DaemonOptions } from '../../support/test-host';
import { Random } from '../soak/soak-random';
import { type AgentSoakFigures, AgentSoakHost } from './agent-soak-host';
import { Deeds, sharesOf } from './deeds';

export interface AgentSoakOptions {
  readonly kills: number;
  readonly seed: number;
  /** Of every daemon. */
  readonly daemon?: (soak: AgentSoakHost) => DaemonOptions;
  /** Before the first daemon. */
  readonly begin?: (soak: AgentSoakHost) => void;
  /** Between two rounds of kills, when all is as it has to be. */
  readonly between?: (soak: AgentSoakHost) => Promise<void>;
  /** After each kill, before the next daemon is there. */
  readonly beside?: (soak: AgentSoakHost, random: Random) => void;
}

/** After so many kills nothing is killed or asked for until all is at rest. */
const killsInARound = 20;
const meanPauseMs = 500;
const longestPauseMs = 1500;
/** Within which a daemon that has just been started comes to serve. */
const startsWithinMs = 400;
const doers = 5;
const restLimitMs = 90_000;

/**
 * Programs of all kinds under random SIGKILLs of daemon and shim. What is decided follows from the seed, what the scheduler makes of it does not.
 * @throws where a program was started twice, forgotten, ended by nobody, in a wrong state, or has lost or doubled output
 */
export async function agentSoak({ kills, seed, begin, daemon, between, beside }: AgentSoakOptions): Promise<AgentSoakFigures> {
  const soak = new AgentSoakHost(daemon);
  const { figures } = soak;
  const random = new Random(seed * 1000 + 999);
  const deeds = sharesOf(doers).map((share, at) => new Deeds(soak, new Random(seed * 1000 + at), share));
  try {
    begin?.(soak);
    await soak.begin();
    await rest(soak);
    while (figures.daemonKills + figures.shimKills < kills) {
      const until = figures.daemonKills + figures.shimKills + killsInARound;
      let goesOn = true;
      const work = deeds.map(async (doer) => { while (goesOn) await doer.one(); });
      const killing = killUntil(soak, random, Math.min(kills, until), beside).finally(() => { goesOn = false; });
      await Promise.all([killing, ...work]);
      await rest(soak);
      await between?.(soak);
      await rest(soak);
    }
    await finish(soak);
    return figures;
  } catch (error) {
    process.stderr.write(`agent soak: seed ${String(seed)}, ${JSON.stringify(figures)}, in ${soak.host.directory}\n`);
    soak.keepTraces();
    throw error;
  } finally {
    await soak.end();
  }
}

async function killUntil(soak: AgentSoakHost, random: Random, kills: number, beside: AgentSoakOptions['beside']): Promise<void> {
  const { figures } = soak;
  let serving = Promise.resolve();
  while (figures.daemonKills + figures.shimKills < kills) {
    // Some die while they start.
    const diesEarly = random.isLikely(0.15);
    if (!diesEarly) await serving;
    const pauseMs = diesEarly ? startsWithinMs * random.fraction() : random.pauseMs(meanPauseMs, longestPauseMs);
    await new Promise((resolve) => { setTimeout(resolve, pauseMs); });
    const choice = random.fraction();
    if (choice < 0.3) killShims(soak);
    if (choice < 0.12) figures.bothKills += 1;
    if (choice < 0.12 || choice >= 0.3) serving = soak.killDaemon();
    // It is awaited later: until then its failure is nobody's.
    serving.catch(() => undefined);
    beside?.(soak, random);
    lookForHarm(soak);
  }
  await serving;
}

function killShims({ host, figures }: AgentSoakHost): void {
  const shims = shimsOf(host);
  for (const shim of shims) signalExactly(shim, 'SIGKILL');
  figures.shimKills += shims.length > 0 ? 1 : 0;
}

/** What nobody does anything to has begun once. */
function lookForHarm({ programs }: AgentSoakHost): void {
  for (const { fullName, traces, kind, rebooted } of programs) {
    const runs = traces.runs().filter(({ generation }) => !rebooted.has(generation));
    if (kind.deeds.every((deed) => deed === 'limit') && kind.endsItself !== true && runs.length > 1) throw new Error(`${fullName} has begun again, and nobody had ended it`);
  }
}

/** Until all stand where they have to. @throws where they do not, or something is wrong with what they have written */
async function rest(soak: AgentSoakHost): Promise<void> {
  let restless: readonly string[] = [];
  const look = async (): Promise<void> => {
    do {
      const listed: ReadonlyMap<string, Container> = await soak.list();
      restless = [
        ...soak.programs.flatMap((program) => program.restlessness(listed.get(program.fullName)) ?? []),
        ...[...listed.keys()].filter((name) => !soak.programs.some(({ fullName }) => fullName === name)).map((name) => `${name} is there, and nobody has defined it`),
      ];
    } while (restless.length > 0);
  };
  await within(look(), 'all programs at rest', restLimitMs, () => `${restless.join('\n')}\n${soak.host.daemon.log()}`);
  complain(soak, false);
}

function complain({ programs }: AgentSoakHost, isOver: boolean): void {
  const complaints = programs.flatMap((program) => program.complaints(isOver));
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
}

/** Stops all, and compares what is kept with what was written. */
async function finish(soak: AgentSoakHost): Promise<void> {
  for (const program of soak.programs) {
    program.asked += 1;
    program.wantsUp = false;
  }
  await soak.ask((client) => client.all(ContainersService.stop, { names: soak.programs.map(({ fullName }) => fullName), signal: 0, timeout_ms: undefined }));
  complain(soak, true);
  for (const { traces } of soak.programs) {
    soak.figures.starts += traces.runs().length;
    soak.figures.outputBytes += traces.writtenBytes;
  }
}
