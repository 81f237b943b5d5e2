import type { ContainerView, ProcessView } from '../../supervisor/container';
import type { StoredEvent } from '../../supervisor/events/event';
import type { ProcessSpec } from '../../runtime/bundle/process-spec';
import type { JsonInteger } from '../../runtime/json';
import type { Container, Event, Process, Rlimit } from '../gen/legacy/api';
import type { Timestamp } from '../gen/google/protobuf/timestamp';

const nsPerSecond = 1_000_000_000n;

/** Nanoseconds since 1970 as the message. */
export function timestampOf(ns: bigint): Timestamp {
  return { seconds: ns / nsPerSecond, nanos: Number(ns % nsPerSecond) };
}

/** An event in both forms of its time: clients of 1.11 read the deprecated seconds. */
export function eventMessage(event: Omit<StoredEvent, 'eventId'>): Event {
  const timestamp = timestampOf(event.timestampNs);
  return {
    type: event.type,
    id: event.containerId,
    status: event.status,
    pid: event.processId,
    seconds: timestamp.seconds,
    timestamp,
  };
}

/** @param pids every pid in the container, where the caller wants them */
export function containerMessage(view: ContainerView, pids: readonly number[] = []): Container {
  return {
    id: view.id,
    bundlePath: view.record.bundle,
    processes: view.processes.map(processMessage),
    status: view.state === 'paused' || view.state === 'stopped' ? view.state : 'running',
    labels: [...view.record.labels],
    pids: [...pids],
    runtime: view.record.runtime,
  };
}

function processMessage({ id, record, systemPid }: ProcessView): Process {
  const spec = record?.spec;
  return {
    pid: id,
    systemPid,
    terminal: spec?.terminal === true,
    user: {
      uid: spec?.user.uid ?? 0,
      gid: spec?.user.gid ?? 0,
      additionalGids: [...(spec?.user.additionalGids ?? [])],
    },
    args: [...(spec?.args ?? [])],
    env: [...(spec?.env ?? [])],
    cwd: spec?.cwd ?? '',
    stdin: record?.stdin ?? '',
    stdout: record?.stdout ?? '',
    stderr: record?.stderr ?? '',
    capabilities: [...(spec?.capabilities?.bounding ?? [])],
    apparmorProfile: spec?.apparmorProfile ?? '',
    selinuxLabel: spec?.selinuxLabel ?? '',
    noNewPrivileges: spec?.noNewPrivileges === true,
    rlimits: rlimitsOf(spec),
  };
}

function rlimitsOf(spec: ProcessSpec | undefined): Rlimit[] {
  return (spec?.rlimits ?? []).map(({ type, soft, hard }) => ({ type, soft: bigintOf(soft), hard: bigintOf(hard) }));
}

function bigintOf(value: JsonInteger): bigint {
  return BigInt(value);
}
