import { INIT } from '../../runtime/state-dir/layout';
import type { JsonInteger } from '../../runtime/json';
import { nameOf } from '../../runtime/state-dir/container-key';
import type { ManagedView } from '../../programs/managed';
import { shownSpec, shownVariables } from '../../programs/secret-variables';
import { type Program, type ProgramState, isUp, stateOf } from '../../programs/program';
import type { Definition } from '../../records/definition';
import type { DefinitionRecord, RunEnd, Wish } from '../../records/definition-record';
import type { ProcessView } from '../../supervisor/container';
import { isAlive } from '../../supervisor/process-state';
import type { StartClock } from '../../sys/boot';
import { readProcStat } from '../../sys/process/proc-stat';
import type { Timestamp } from '../gen/google/protobuf/timestamp';
import * as messages from '../gen/holdfast/v1/containers';
import { timestampOf } from './time';

const states: Readonly<Record<ProgramState, messages.State>> = {
  STOPPED: messages.State.STOPPED,
  STARTING: messages.State.STARTING,
  RUNNING: messages.State.RUNNING,
  BACKOFF: messages.State.BACKOFF,
  STOPPING: messages.State.STOPPING,
  UNKNOWN: messages.State.UNKNOWN,
  EXITED: messages.State.EXITED,
  FATAL: messages.State.FATAL,
};

/** A start that is told so long after it is told late: its daemon has died in between. */
const lateNs = 1_000_000_000n;

/** A container as the message. @param isBrief without its definition and its processes */
export function containerMessage(program: Program, clock: StartClock, isBrief = false): messages.Container {
  const { name, key, record, view, managed, stopDeadlineNs } = program;
  const init = view?.processes.find(({ id }) => id === INIT);
  const up = isUp(program);
  return {
    name,
    ...nameOf(key),
    state: states[stateOf(program)],
    reason: managed?.reason ?? record?.failure ?? '',
    paused: view?.state === 'paused',
    out_of_memory: up ? record?.outOfMemory === true : record?.lastEnd?.outOfMemory === true,
    pid: up ? (init?.systemPid ?? 0) : 0,
    started_at: startedAt(up ? init : undefined, record, clock),
    last_end: record?.lastEnd && endMessage(record.lastEnd),
    definition: isBrief ? undefined : record && definitionMessage(record.definition),
    processes: isBrief ? [] : (view?.processes ?? []).filter(({ state }) => isAlive(state)).map((process) => processMessage(process, view?.record.labels ?? [])),
    wish: record?.wish && wishMessage(record.wish),
    stop_deadline: stopDeadlineNs === undefined ? undefined : timestampOf(stopDeadlineNs),
    bundle: view?.record.bundle ?? record?.definition.bundle ?? '',
    labels: [...(view?.record.labels ?? record?.definition.labels ?? [])],
    managed: managed && managedMessage(managed),
    runtime: view?.record.runtime ?? record?.definition.runtime ?? '',
  };
}

function managedMessage({ definedIn, nextStartNs, failures, health, autostart, pauseMs, longestPauseMs, dependencies, isOfCommandLine }: ManagedView): messages.Managed {
  return {
    defined_in: definedIn,
    next_start: nextStartNs === undefined ? undefined : timestampOf(nextStartNs),
    failures,
    health: health ?? '',
    autostart,
    pause_ms: BigInt(pauseMs ?? 0),
    longest_pause_ms: BigInt(Math.round(longestPauseMs)),
    dependencies: dependencies.map(({ name, condition, isMet, state }) => ({ name, condition, met: isMet, state })),
    of_command_line: isOfCommandLine,
  };
}

/**
 * As it was told, which every daemon knows. What the kernel says of that which runs comes before that of a start that was told late, and of another API's there is nothing else.
 * A host program may be a shell that has waited for it (src/shim/process/waiting-stubs.ts): the kernel counts from when that came up, which may be days before the start.
 */
function startedAt(running: ProcessView | undefined, record: DefinitionRecord | undefined, clock: StartClock): Timestamp | undefined {
  // It never changes, and to read it of each process for each `status` was a sixth of what a daemon did that is asked again and again.
  const starttime = running === undefined ? undefined : (running.starttime ?? readProcStat(running.systemPid)?.starttime);
  const toldNs = record?.startedNs;
  const startedNs = starttime === undefined ? undefined : clock.startedNs(starttime);
  const mayHaveWaited = record !== undefined && record.definition.hostProgram !== '';
  const isTold = toldNs !== undefined && (startedNs === undefined || ((mayHaveWaited || toldNs - startedNs < lateNs) && startedNs - toldNs < lateNs));
  const ns = isTold ? toldNs : startedNs;
  return ns === undefined ? undefined : timestampOf(ns);
}

export function endMessage({ endedNs, status, outOfMemory, ranNs, unknown }: RunEnd): messages.End {
  return {
    ended_at: timestampOf(endedNs),
    exit_status: status,
    out_of_memory: outOfMemory,
    unknown: unknown !== undefined,
    reason: unknown ?? '',
    ran_ns: ranNs,
  };
}

function wishMessage({ up, sinceNs, by }: Wish): messages.Wish {
  return { up, since: timestampOf(sinceNs), by };
}

function definitionMessage(definition: Definition): messages.Definition {
  const { bundle, hostProgram, containerSpec, runtime, runtimeArgs, noPivot, labels, stdio, removeAtEnd, keptOutput, openStdin, image } = definition;
  return {
    bundle,
    host_program: Buffer.from(shownSpec(hostProgram, labels)),
    container_spec: Buffer.from(containerSpec),
    runtime,
    runtime_args: [...runtimeArgs],
    no_pivot: noPivot,
    labels: [...labels],
    stdio: { ...stdio },
    remove_at_end: removeAtEnd,
    kept_output: keptOutput && { format: keptOutput.format, max_size_bytes: BigInt(keptOutput.maxSizeBytes), max_files: keptOutput.maxFiles },
    open_stdin: openStdin,
    ...(image === undefined ? {} : { image: { name: image.name, user: '', entrypoint: '' } }),
  };
}

/** @param labels of its container */
function processMessage({ id, record, systemPid }: ProcessView, labels: readonly string[]): messages.Process {
  const spec = record?.spec;
  return {
    id,
    pid: systemPid,
    terminal: spec?.terminal === true,
    args: [...(spec?.args ?? [])],
    env: [...shownVariables(spec?.env ?? [], labels)],
    cwd: spec?.cwd ?? '',
    user: { uid: spec?.user.uid ?? 0, gid: spec?.user.gid ?? 0, additional_gids: [...(spec?.user.additionalGids ?? [])] },
    capabilities: [...(spec?.capabilities?.bounding ?? [])],
    rlimits: (spec?.rlimits ?? []).map(({ type, soft, hard }) => ({ type, soft: bigintOf(soft), hard: bigintOf(hard) })),
    apparmor_profile: spec?.apparmorProfile ?? '',
    selinux_label: spec?.selinuxLabel ?? '',
    no_new_privileges: spec?.noNewPrivileges === true,
    stdio: { stdin: record?.stdin ?? '', stdout: record?.stdout ?? '', stderr: record?.stderr ?? '' },
  };
}

function bigintOf(value: JsonInteger): bigint {
  return BigInt(value);
}
