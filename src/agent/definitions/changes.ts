import type { ProgramDefinition } from './definition';
import { type TomlValue, effectiveKeys } from './effective';

/** What is other in a newer definition of a program. */
export interface DefinitionChanges {
  /** The keys' names, such as `command` or `limits.memory`. */
  readonly live: readonly string[];
  /** Those that want a restart. */
  readonly restart: readonly string[];
}

/** What the agent heeds by itself, the next time that it looks, and limits of the cgroup, which are changed while it runs. */
const live = new Set([
  'autostart', 'onreboot', 'priority', 'depends_on', 'dependency_restart', 'dependency_timeout', 'schedule', 'schedule_missed', 'schedule_overlap', 'timezone',
  'autorestart', 'exitcodes', 'startsecs', 'startretries', 'restart', 'on_fatal', 'stopsignal', 'stopwaitsecs', 'kill_mode', 'reload_signal', 'reload_command',
  'health', 'labels', 'description', 'events', 'numprocs', 'numprocs_start',
  'limits.memory', 'limits.memory_high', 'limits.swap', 'limits.cpus', 'limits.cpu_weight', 'limits.pids', 'limits.io_weight',
]);

/** Secrets are known by their files, whatever is in them. */
export function changesBetween(before: ProgramDefinition, after: ProgramDefinition): DefinitionChanges {
  if (isWrittenAlike(before, after)) return { live: [], restart: [] };
  const [old, now] = [flatKeys(before), flatKeys(after)];
  const changed = [...new Set([...old.keys(), ...now.keys()])].filter((key) => old.get(key) !== now.get(key));
  return { live: changed.filter((key) => live.has(key)), restart: changed.filter((key) => !live.has(key)) };
}

/** Most of a directory that is read again has not changed, and working its keys out is what takes long. */
function isWrittenAlike(before: ProgramDefinition, after: ProgramDefinition): boolean {
  return before.group === after.group && (before.listener === undefined) === (after.listener === undefined) && before.source.file === after.source.file
    && JSON.stringify(before.written) === JSON.stringify(after.written);
}

function flatKeys(program: ProgramDefinition): ReadonlyMap<string, string> {
  const keys = { ...effectiveKeys(program), secrets: program.secrets.map(({ name, file, as }) => [name, file, as]), group_name: program.group };
  return new Map(Object.entries<TomlValue | undefined>(keys).flatMap(([key, value]) => {
    if (key !== 'limits' || typeof value !== 'object') return value === undefined ? [] : [[key, JSON.stringify(value)] as const];
    return Object.entries(value as object).flatMap(([name, each]) => (each === undefined ? [] : [[`limits.${name}`, JSON.stringify(each)] as const]));
  }));
}
