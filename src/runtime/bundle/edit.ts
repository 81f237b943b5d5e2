import { isJsonObject, type JsonObject } from '../json';

// Edits that leave their input alone and give it back itself where nothing changes, so that
// `result !== input` says whether there was anything to do.

/** The object without the named members. */
export function without(object: JsonObject, ...names: readonly string[]): JsonObject {
  if (!names.some((name) => Object.hasOwn(object, name))) return object;
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** The object with one member set. */
export function withMember(object: JsonObject, name: string, value: unknown): JsonObject {
  return Object.hasOwn(object, name) && object[name] === value ? object : { ...object, [name]: value };
}

/** The object with a member that is an object replaced by what `change` makes of it. */
export function mapObject(object: JsonObject, name: string, change: (member: JsonObject) => JsonObject): JsonObject {
  const member = object[name];
  return isJsonObject(member) ? withMember(object, name, change(member)) : object;
}

/** The object with each object of a member that is a list replaced by what `change` makes of it. */
export function mapList(object: JsonObject, name: string, change: (item: JsonObject) => JsonObject): JsonObject {
  const list: unknown = object[name];
  if (!Array.isArray(list)) return object;
  return withMember(object, name, mapItems(list, (item) => (isJsonObject(item) ? change(item) : item)));
}

/** The list with each item replaced; itself where all stay the same. */
export function mapItems(list: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const changed = list.map(change);
  return changed.some((item, at) => item !== list[at]) ? changed : list;
}

/**
 * The object with members renamed, in their places. A member that has its new name already is
 * right; the old one is then left out.
 */
export function rename(object: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  if (!Object.keys(object).some((name) => names.has(name))) return object;
  const entries = Object.entries(object).flatMap(([name, value]): [string, unknown][] => {
    const newName = names.get(name);
    if (newName === undefined) return [[name, value]];
    return Object.hasOwn(object, newName) ? [] : [[newName, value]];
  });
  return Object.fromEntries(entries);
}
