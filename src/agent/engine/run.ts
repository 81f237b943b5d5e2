import { constants } from 'node:os';
import { viewOf } from '../../programs/list';
import { PROGRAMS_NAMESPACE, programKey } from '../../programs/name';
import type { StartResult } from '../../programs/start-result';
import { startRun } from '../../programs/start';
import type { Definition } from '../../records/definition';
import { Fields } from '../../runtime/fields';
import { usualCgroupOf } from '../../runtime/host/host-spec';
import { parseJson } from '../../runtime/json';
import { INIT } from '../../runtime/state-dir/layout';
import type { ContainerView } from '../../supervisor/container';
import { SupervisorError } from '../../supervisor/errors';
import { secondsSinceStart } from '../../sys/boot';
import { SysError } from '../../sys/errors';
import { faultPoint } from '../../sys/fault';
import { messageOf } from '../../sys/thrown';
import { readProcStat } from '../../sys/process/proc-stat';
import { reports } from '../health/reports';
import type { ProgramEvent } from '../machine/event';
import type { StopStep } from '../machine/policy';
import type { StartFailure } from '../machine/state';
import type { Found } from '../machine/restore';
import type { ProcessDefinition, Secret } from '../definitions/definition';
import { inheritsOutput } from '../launch/daemon-output';
import type { ManagedDefinition } from './managed-definition';
import { groupMembersOf } from './process-group';
import type { EngineParts } from './parts';
import { generationLabel, outputLabels } from './run-labels';

/** Told of a run whose status nobody knows. */
const unknownStatus = 255;
/** What lasts of a start's failures. */
const failures: Readonly<Partial<Record<StartResult['is'], StartFailure>>> = { 'no-such-file': 'not-found', 'not-executable': 'not-executable' };
/** To which the kernel tells when a process was started. */
const tickMs = 20;

/** Starts this generation, where it has not been. @param onLost an event listener has to be another run @returns what the state machine is to be told @throws where nobody can know: the daemon ends */
export async function startGeneration(parts: EngineParts, definition: ManagedDefinition, generation: number, cancel: AbortSignal, onLost: () => void): Promise<ProgramEvent> {
  const { name, process, compile } = definition;
  try {
    const notifySocket = reports(process) ? parts.notify.pathOf(name) : undefined;
    const secrets = secretFilesOf(process);
    const credentialsDirectory = secrets.length === 0 ? undefined : await parts.credentials.directoryOf(name);
    const cgroupsPath = usualCgroupOf(parts.stateDir, PROGRAMS_NAMESPACE, name);
    const line = process.listener === undefined ? undefined : parts.listeners.pathsOf(name);
    const compiled = await compile({ generation, notifySocket, credentialsDirectory, cgroupsPath, line, cancel });
    if (secrets.length > 0) await parts.credentials.put(name, uidOf(compiled), secrets);
    if (notifySocket !== undefined) await parts.notify.open(name, uidOf(compiled), true);
    await openSockets(parts, definition);
    if (inheritsOutput(process)) await parts.output.hold();
    if (line !== undefined) parts.listeners.open(process, generation, onLost);
    faultPoint('daemon.agent.before-start');
    const labels = [...compiled.labels, generationLabel(generation), ...(await outputLabels(parts, definition, cancel))];
    const result = await startRun(parts.programs, { name, definition: { ...compiled, labels }, stdio: undefined, by: undefined, cancel, keepsStarted: true, keepsRoot: true });
    faultPoint('daemon.agent.started');
    return await eventOf(parts, name, result);
  } catch (error) {
    if (error instanceof SupervisorError && error.code === 'shutting-down') throw error;
    return { kind: 'start-failed', detail: messageOf(error), failure: 'other' };
  }
}

async function eventOf(parts: EngineParts, name: string, result: StartResult): Promise<ProgramEvent> {
  if (result.is === 'started') return { kind: 'up', ranMs: 0 };
  // Somebody else has started it: it is not started beside that.
  if (result.is === 'already-started') return { kind: 'up', ranMs: ranMsOf(await viewOf(parts.programs, programKey(name))) };
  return { kind: 'start-failed', detail: 'detail' in result ? detailOf(result) : result.is, failure: failures[result.is] ?? 'other' };
}

/** Where the command is what is wrong, in supervisord's words, which people and scripts know; the runtime looks at it before it executes it. */
function detailOf({ is, detail }: Extract<StartResult, { readonly detail: string }>): string {
  const [, command] = /exec: "([^"]+)": /.exec(detail) ?? [];
  if (command === undefined) return detail;
  if (is === 'no-such-file') return `can't find command '${command}'`;
  return is === 'not-executable' ? `command at '${command}' is not executable` : detail;
}

/** What a daemon that starts finds of it. A process that waits for its start has not been started, and is taken away. */
export async function findRun(parts: EngineParts, name: string, generation: number): Promise<Found> {
  const view = await viewOf(parts.programs, programKey(name));
  if (view?.state === 'created') await parts.programs.supervisor.request('deleteTask', { id: view.id });
  if (view === undefined || view.state === 'created') return { is: 'nothing' };
  if (view.state !== 'stopped') return { is: 'alive', ranMs: ranMsOf(view) };
  if (!view.record.labels.includes(generationLabel(generation))) return { is: 'nothing' };
  return { is: 'ended', status: initOf(view)?.end?.status ?? unknownStatus };
}

/** Resolves once its process is over. @throws where nobody can know: the daemon ends */
export async function endOfRun({ programs }: EngineParts, name: string): Promise<ProgramEvent> {
  try {
    const end = await programs.supervisor.request('wait', { id: programKey(name), processId: INIT });
    return { kind: 'ended', status: end?.status ?? unknownStatus, unknown: '' };
  } catch (error) {
    if (error instanceof SupervisorError && error.code === 'container-not-found') return { kind: 'ended', status: unknownStatus, unknown: 'its task was deleted' };
    throw error;
  }
}

/** The signal of a step of its stop. */
export function signalOf({ programs }: EngineParts, name: string, step: StopStep | undefined): number {
  const own = step?.isOfImage === true ? programs.definitions.find(name)?.definition.image?.stopSignal : undefined;
  return own || (step?.signal ?? constants.signals.SIGKILL);
}

/** Sends a signal, to its process group too where the definition says so; what is over already, or frozen, is no failure. */
export async function signalRun(parts: EngineParts, definition: ManagedDefinition, signal: number): Promise<void> {
  const { programs } = parts;
  const id = programKey(definition.name);
  const others = await groupMembersOf(parts, definition);
  try {
    await programs.supervisor.request('signal', { id, processId: INIT, signal });
    others.signal(signal);
  } catch (error) {
    if (!(error instanceof SupervisorError) && !(error instanceof SysError && error.code === 'ESRCH')) throw error;
    return;
  }
  const view = await viewOf(programs, id);
  // What is frozen hears no signal before it is thawed.
  if (view?.state === 'paused') await programs.supervisor.request('resume', { id }).catch(() => undefined);
}

/** What is to be taken away once nothing of it runs. */
export function secretFilesOf({ secrets }: ProcessDefinition): readonly Secret[] {
  return secrets.filter(({ as }) => as === 'file');
}

/** What it listens on is there, and held. @throws LaunchError */
export async function openSockets({ listening }: EngineParts, { name, process, sockets }: ManagedDefinition): Promise<void> {
  if (process.listen.length > 0) await listening.open(name, await sockets());
}

/** What it listens on and nobody holds any more is taken from itself. */
export async function takeSockets(parts: EngineParts, { name, process, sockets }: ManagedDefinition): Promise<void> {
  if (process.listen.length === 0) return;
  const pid = await pidOfRun(parts, name);
  if (pid > 0) await parts.listening.takeFromProgram(name, pid, await sockets());
}

/** Hears again what it reports, to a daemon that has just come. */
export async function hearAgain({ programs, notify }: EngineParts, { name, process }: ManagedDefinition): Promise<void> {
  const definition = programs.definitions.find(name)?.definition;
  // A bundle that runs as it is was given no socket, also where it is to have one from its next start on.
  if (definition !== undefined && specOf(definition) !== '' && reports(process)) await notify.open(name, uidOf(definition), false);
}

/** Empty for a bundle as it is. */
function specOf({ hostProgram, containerSpec }: Definition): string {
  return hostProgram === '' ? containerSpec : hostProgram;
}

function uidOf(definition: Definition): number {
  return Fields.of(parseJson(specOf(definition)), 'spec', 'host-program').object('process').object('user').integer('uid');
}

/** When its process was started, and not later: milliseconds since 1970. */
export async function startedMs(parts: EngineParts, name: string): Promise<number> {
  return parts.now().wallMs - ranMsOf(await viewOf(parts.programs, programKey(name))) - tickMs;
}

/** Its pid, where it runs; else 0. */
export async function pidOfRun({ programs }: EngineParts, name: string): Promise<number> {
  const view = await viewOf(programs, programKey(name));
  return (view && initOf(view)?.systemPid) ?? 0;
}

function initOf(view: ContainerView): ContainerView['processes'][number] | undefined {
  return view.processes.find(({ id }) => id === INIT);
}

function ranMsOf(view: ContainerView | undefined): number {
  const stat = view && readProcStat(initOf(view)?.systemPid ?? 0);
  return stat === undefined ? 0 : Math.round(secondsSinceStart(stat.starttime) * 1000);
}
