import { type Dependency, type Settings, conditions } from '../definition';
import { type TableReader, isTable, kindOf } from '../table-reader';
import { readSchedule } from './schedule';

type When = Pick<
  Settings,
  'autostart' | 'onReboot' | 'priority' | 'dependsOn' | 'dependencyRestart' | 'dependencyTimeoutMs' | 'schedule' | 'oneshot'
>;

/** When it is started. */
export function readWhen(table: TableReader): When {
  const schedule = readSchedule(table);
  const oneshot = table.flag('oneshot');
  if (schedule !== undefined && oneshot === false) table.complain('contradiction', 'oneshot', `${table.name}: what has a schedule is a oneshot`);
  return {
    autostart: table.flag('autostart') ?? true,
    onReboot: table.oneOf('onreboot', ['start', 'laststate']) ?? 'start',
    priority: table.integer('priority', 0, 1_000_000) ?? 999,
    dependsOn: readDependencies(table),
    dependencyRestart: table.flag('dependency_restart') ?? false,
    dependencyTimeoutMs: table.duration('dependency_timeout'),
    schedule,
    oneshot: oneshot ?? schedule !== undefined,
  };
}

const target = /^[A-Za-z0-9][A-Za-z0-9._-]*(?::(?:\*|[A-Za-z0-9][A-Za-z0-9._-]*))?$/;

/** `["db"]`: each is to be running; `{ db = "healthy" }`. */
function readDependencies(table: TableReader): readonly Dependency[] {
  return table.read<readonly Dependency[]>('depends_on', (value) => {
    const entries: readonly (readonly [unknown, unknown])[] = Array.isArray(value)
      ? value.map((name: unknown) => [name, 'running'] as const)
      : Object.entries(isTable(value) ? value : {});
    if (!Array.isArray(value) && !isTable(value)) return { problem: `expected a list of names, or a table of names and conditions, not ${kindOf(value)}` };
    const read: Dependency[] = [];
    for (const [name, wanted] of entries) {
      if (typeof name !== 'string' || !target.test(name)) return { problem: `${kindOf(name)} is no name of a program, nor group:*` };
      const condition = conditions.find((each) => each === wanted);
      if (condition === undefined) return { problem: `${name}: expected one of ${conditions.join(', ')}, not ${kindOf(wanted)}` };
      read.push({ target: name, condition });
    }
    return { value: read };
  }) ?? [];
}
