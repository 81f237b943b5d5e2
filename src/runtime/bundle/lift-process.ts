import { mapObject, without, withMember } from './edit';
import { isJsonObject, type JsonObject } from '../json';
import { dropNulls } from './spec-members';

/**
 * Lifts an OCI process to the form of 1.0: the one list of capabilities that came before the sets,
 * and a user whose zero ids were left out. Idempotent; the same object where nothing is to do.
 */
export function liftProcess(process: JsonObject): JsonObject {
  return liftUser(liftCapabilities(dropNulls(process)));
}

/** The sets that a pre-1.0 runtime made of its one list; ambient capabilities came later. */
function capabilitySets(list: readonly unknown[]): JsonObject {
  return { bounding: list, effective: list, inheritable: list, permitted: list };
}

function liftCapabilities(process: JsonObject): JsonObject {
  const list: unknown = process['capabilities'];
  return Array.isArray(list) ? withMember(process, 'capabilities', capabilitySets(list)) : process;
}

function liftUser(process: JsonObject): JsonObject {
  if (!Object.hasOwn(process, 'user')) return withMember(process, 'user', { uid: 0, gid: 0 });
  return mapObject(process, 'user', (user) => {
    const { uid, gid } = user;
    return uid === undefined || gid === undefined ? { uid: 0, gid: 0, ...user } : user;
  });
}

/**
 * Moves the members that the oldest specs kept under `linux` to `process`; one that is there
 * already is right.
 */
export function moveToProcess(spec: JsonObject): JsonObject {
  const { process, linux } = spec;
  if (!isJsonObject(process) || !isJsonObject(linux)) return spec;
  let newProcess: JsonObject = process;
  for (const [old, name] of MOVED_FROM_LINUX) newProcess = adopt(newProcess, name, linux[old]);
  const { resources } = linux;
  if (isJsonObject(resources)) newProcess = adopt(newProcess, OOM_SCORE, resources[OOM_SCORE]);
  const stripped = mapObject(without(linux, ...MOVED_FROM_LINUX.keys()), 'resources', (old) => without(old, OOM_SCORE));
  return withMember(withMember(spec, 'process', newProcess), 'linux', stripped);
}

const OOM_SCORE = 'oomScoreAdj';
// Where runtime-spec 0.1 to 0.3 had them, and their places since.
const MOVED_FROM_LINUX: ReadonlyMap<string, string> = new Map([
  ['capabilities', 'capabilities'],
  ['rlimits', 'rlimits'],
  ['apparmorProfile', 'apparmorProfile'],
  ['selinuxProcessLabel', 'selinuxLabel'],
  ['noNewPrivileges', 'noNewPrivileges'],
]);

function adopt(process: JsonObject, name: string, value: unknown): JsonObject {
  return value === undefined || Object.hasOwn(process, name) ? process : withMember(process, name, value);
}
