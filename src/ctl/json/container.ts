import { KEPT_DEFAULTS } from '../../runtime/kept-output/kept-output';
import { type Container, type Definition, type End, type KeptOutput, type Managed, type Process, State } from '../../api/gen/holdfast/v1/containers';
import { signalName } from '../../runtime/text/signals';
import { jsonTime, secondsSince } from '../text/moment';
import { type Schema, arrayOf, nullable, object, withOptional } from './schema';

/** A container as `status`, `ps` and `why` print it with --json. */
export function containerJson(container: Container, nowMs: number): Record<string, unknown> {
  const { name, namespace, id, state, reason, paused, out_of_memory: outOfMemory, pid, started_at: startedAt, last_end: end, wish } = container;
  return {
    name,
    namespace,
    id,
    state: State[state],
    reason: reason === '' ? null : reason,
    paused,
    health: container.managed === undefined || container.managed.health === '' ? null : container.managed.health,
    out_of_memory: outOfMemory,
    pid: pid === 0 ? null : pid,
    started_at: jsonTime(startedAt),
    uptime_seconds: pid === 0 || startedAt === undefined ? null : Math.round(secondsSince(startedAt, nowMs) * 1000) / 1000,
    stop_deadline: jsonTime(container.stop_deadline),
    wanted: wish === undefined ? null : { up: wish.up, since: jsonTime(wish.since), by: wish.by === undefined ? null : { uid: wish.by.uid, pid: wish.by.pid } },
    last_end: end === undefined ? null : endJson(end),
    bundle: container.bundle === '' ? null : container.bundle,
    runtime: container.runtime === '' ? null : container.runtime,
    labels: container.labels,
    managed: container.managed === undefined ? null : managedJson(container.managed),
  };
}

/** Of what a file defines. */
function managedJson({ defined_in: definedIn, next_start: nextStart, failures, autostart, pause_ms: pauseMs, longest_pause_ms: longestMs, dependencies }: Managed): object {
  return {
    defined_in: definedIn,
    autostart,
    next_start: jsonTime(nextStart),
    failures,
    pause_seconds: pauseMs === 0n ? null : Number(pauseMs) / 1000,
    longest_pause_seconds: Number(longestMs) / 1000,
    depends_on: dependencies.map(({ name, condition, met, state }) => ({ name, condition, met, state })),
  };
}

/** With all that is known of it: `inspect`. */
export function inspectJson(container: Container, nowMs: number): Record<string, unknown> {
  return {
    ...containerJson(container, nowMs),
    processes: container.processes.map(processJson),
    definition: container.definition === undefined ? null : definitionJson(container.definition),
  };
}

export function endJson(end: End): object {
  return {
    time: jsonTime(end.ended_at),
    exit_status: end.exit_status,
    signal: end.unknown ? null : (signalName(end.exit_status - 128) ?? null),
    out_of_memory: end.out_of_memory,
    unknown: end.unknown,
    reason: end.reason === '' ? null : end.reason,
    ran_seconds: end.ran_ns === 0n ? null : Number(end.ran_ns / 1_000_000n) / 1000,
  };
}

function processJson({ id, pid, terminal, args, env, cwd, user, stdio }: Process): object {
  return {
    id,
    pid,
    terminal,
    args,
    env,
    cwd,
    user: { uid: user?.uid ?? 0, gid: user?.gid ?? 0, additional_gids: user?.additional_gids ?? [] },
    stdin: stdio?.stdin === '' ? null : stdio?.stdin,
    stdout: stdio?.stdout === '' ? null : stdio?.stdout,
    stderr: stdio?.stderr === '' ? null : stdio?.stderr,
  };
}

function definitionJson(definition: Definition): object {
  const { bundle, host_program: hostProgram, kept_output: keptOutput, runtime, runtime_args: runtimeArgs, no_pivot: noPivot, labels, stdio, remove_at_end: removeAtEnd } = definition;
  return {
    bundle: bundle === '' ? null : bundle,
    host_program: hostProgram.length === 0 ? null : (JSON.parse(Buffer.from(hostProgram).toString('utf8')) as unknown),
    runtime: runtime === '' ? null : runtime,
    runtime_args: runtimeArgs,
    no_pivot: noPivot,
    labels,
    stdin: stdio === undefined || stdio.stdin === '' ? null : stdio.stdin,
    stdout: stdio === undefined || stdio.stdout === '' ? null : stdio.stdout,
    stderr: stdio === undefined || stdio.stderr === '' ? null : stdio.stderr,
    remove_at_end: removeAtEnd,
    kept_output: keptOutputJson(keptOutput),
  };
}

/** What holds: with the daemon's own limits where the definition names none. */
function keptOutputJson(kept: KeptOutput | undefined): object | null {
  const { format, max_size_bytes: maxSizeBytes, max_files: maxFiles } = kept ?? { format: '', max_size_bytes: 0n, max_files: 0 };
  if (format === 'none') return null;
  return {
    format: format === '' ? KEPT_DEFAULTS.format : format,
    max_size_bytes: maxSizeBytes === 0n ? KEPT_DEFAULTS.maxSizeBytes : Number(maxSizeBytes),
    max_files: maxFiles === 0 ? KEPT_DEFAULTS.maxFiles : maxFiles,
  };
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const whole = { type: 'integer' } as const;
const number = { type: 'number' } as const;
const time = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z$' } as const;

export const endSchema: Schema = object({
  time,
  exit_status: whole,
  signal: nullable(text),
  out_of_memory: flag,
  unknown: flag,
  reason: nullable(text),
  ran_seconds: nullable(number),
});

const containerProperties: Readonly<Record<string, Schema>> = {
  name: text,
  namespace: text,
  id: text,
  state: { enum: ['UNKNOWN', 'STOPPED', 'STARTING', 'RUNNING', 'BACKOFF', 'STOPPING', 'EXITED', 'FATAL'] },
  reason: nullable(text),
  paused: flag,
  health: nullable({ enum: ['starting', 'healthy', 'unhealthy'] }),
  out_of_memory: flag,
  pid: nullable(whole),
  started_at: nullable(time),
  uptime_seconds: nullable(number),
  stop_deadline: nullable(time),
  wanted: nullable(object({ up: flag, since: nullable(time), by: nullable(object({ uid: whole, pid: whole })) })),
  last_end: nullable(endSchema),
  bundle: nullable(text),
  runtime: nullable(text),
  labels: arrayOf(text),
  managed: nullable(object({
    defined_in: text,
    autostart: flag,
    next_start: nullable(time),
    failures: whole,
    pause_seconds: nullable(number),
    longest_pause_seconds: number,
    depends_on: arrayOf(object({ name: text, condition: text, met: flag, state: text })),
  })),
};

/** In what is watched: it is no more, and this is how it was last. */
const removed: Schema = { const: true };

export const containerSchema: Schema = withOptional(object(containerProperties), { removed });

export const inspectSchema: Schema = object({
  ...containerProperties,
  processes: arrayOf(object({
    id: text,
    pid: whole,
    terminal: flag,
    args: arrayOf(text),
    env: arrayOf(text),
    cwd: text,
    user: object({ uid: whole, gid: whole, additional_gids: arrayOf(whole) }),
    stdin: nullable(text),
    stdout: nullable(text),
    stderr: nullable(text),
  })),
  definition: nullable(object({
    bundle: nullable(text),
    host_program: nullable({ type: 'object' }),
    runtime: nullable(text),
    runtime_args: arrayOf(text),
    no_pivot: flag,
    labels: arrayOf(text),
    stdin: nullable(text),
    stdout: nullable(text),
    stderr: nullable(text),
    remove_at_end: flag,
    kept_output: nullable(object({ format: text, max_size_bytes: whole, max_files: whole })),
  })),
});
