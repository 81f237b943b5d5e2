import { join } from 'node:path';
import { Agent } from '../agent/agent';
import { HostClock } from '../agent/engine/clock';
import { Checks } from '../agent/health/checks';
import { NotifySockets } from '../agent/health/notify-sockets';
import { Peers } from '../agent/engine/peers';
import { loadDefinitions } from '../agent/load';
import type { Programs } from '../programs/programs';
import type { Records } from '../records/records';
import type { ForeignFiles } from '../runtime/foreign/foreign-files';
import type { WorkTools } from '../worker/tools';
import type { Logger } from './log';

/** Of a file that a definition names: variables, accounts, a secret. */
const readOptions = { mostBytes: 4 << 20, followLink: true };

/** The agent, given what it needs. */
export function makeAgent({ parts }: Programs, { programStates }: Records, { stateDir, poller }: Pick<WorkTools, 'stateDir' | 'poller'>): Agent {
  const clock = new HostClock();
  return new Agent({
    programs: parts,
    states: programStates,
    peers: new Peers(),
    checks: new Checks(parts),
    notify: new NotifySockets(poller, join(stateDir.companion, 'notify')),
    now: () => clock.now(),
    random: () => Math.random(),
  });
}

export interface BeginOptions {
  /** Of the definitions: one that has none costs nothing. */
  readonly directory: string;
  readonly programs: Programs;
  readonly foreign: ForeignFiles;
  readonly log: Logger;
}

/** Has the agent go on with what is defined; what is asked of that by name is asked of it from then on. */
export async function beginAgent(agent: Agent, { directory, programs, foreign, log }: BeginOptions): Promise<void> {
  const { definitions, errors } = await loadDefinitions(directory, async (path) => (await foreign.read(path, readOptions)).toString());
  for (const { place, message } of errors) log.error({}, `${place.file}:${String(place.line)}:${String(place.column)}: ${message}`);
  await agent.begin(definitions);
  if (definitions.length > 0) programs.parts.managed = agent;
}
