import { stringify } from 'smol-toml';
import { type TomlValue, effectiveKeys } from './effective';
import { placeText } from './command-line';
import type { ProgramDefinition } from './definition';

/** What `definition NAME` shows: the effective TOML, with defaults and without secrets, and where it is from. */
export function renderDefinition(program: ProgramDefinition): string {
  const { source, name, listener, group, groupPriority } = program;
  const section = listener === undefined ? 'program' : 'eventlistener';
  const ofGroup = group === name ? {} : { group: { [group]: { programs: [name], priority: groupPriority } } };
  return `# ${placeText(source)}\n${renderToml({ [section]: { [name]: effectiveKeys(program) }, ...ofGroup })}`;
}

/** TOML of what there is, without what is undefined. */
export function renderToml(table: { readonly [key: string]: TomlValue | undefined }): string {
  return stringify(withoutUndefined(table) as Record<string, unknown>);
}

function withoutUndefined(value: TomlValue): unknown {
  if (typeof value !== 'object') return value;
  if (isList(value)) return value.map(withoutUndefined);
  return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => (each === undefined ? [] : [[key, withoutUndefined(each)]])));
}

function isList(value: object): value is readonly TomlValue[] {
  return Array.isArray(value);
}
