import { mapList, mapObject, without, withMember } from './edit';
import { isJsonObject, type JsonObject } from '../json';
import { liftProcess, moveToProcess } from './lift-process';
import { liftResources } from './lift-resources';
import { dropNulls } from './spec-members';

const OLDEST_VERSION_OF_TODAY = '1.0.0';

/** A spec in the form of 1.0, and whether that took any change. */
export interface LiftedSpec {
  readonly spec: unknown;
  readonly changed: boolean;
}

/**
 * Lifts an OCI runtime spec of any age to the form of 1.0, which runtimes of today insist on. Goes by
 * the forms it finds, not by the version that the spec claims. The input is left alone, and is given back itself where
 * nothing is to do; unknown members are kept; what is of a wrong type stays, for a check to name it.
 */
export function liftSpec(spec: unknown): LiftedSpec {
  if (!isJsonObject(spec)) return { spec, changed: false };
  const lifted = liftSpecObject(spec);
  return { spec: lifted, changed: lifted !== spec };
}

/** liftSpec for what is known to be an object: the same object where nothing is to do. */
export function liftSpecObject(spec: JsonObject): JsonObject {
  let lifted = without(dropNulls(spec), 'platform');
  const { hooks } = lifted;
  if (isJsonObject(hooks) && Object.keys(hooks).length === 0) lifted = without(lifted, 'hooks');
  lifted = moveToProcess(lifted);
  lifted = mapObject(lifted, 'process', liftProcess);
  lifted = mapObject(lifted, 'linux', liftLinux);
  return isOlderThanToday(lifted['ociVersion']) ? withMember(lifted, 'ociVersion', OLDEST_VERSION_OF_TODAY) : lifted;
}

function liftLinux(linux: JsonObject): JsonObject {
  return mapObject(mapObject(linux, 'resources', liftResources), 'seccomp', (seccomp) =>
    mapList(seccomp, 'syscalls', liftSyscall),
  );
}

function liftSyscall(syscall: JsonObject): JsonObject {
  const { name, names } = syscall;
  if (typeof name !== 'string') return syscall;
  const others: readonly unknown[] = Array.isArray(names) ? names : [];
  const rest = without(syscall, 'name', 'names');
  return { names: others.includes(name) ? others : [name, ...others], ...rest };
}

/** Whether a version precedes 1.0.0 (semver.org, 11): a lower major, or a pre-release of 1.0.0 itself. */
function isOlderThanToday(version: unknown): boolean {
  if (version === undefined) return true;
  if (typeof version !== 'string') return false;
  return /^v?0(\.|$)/.test(version) || /^v?1\.0\.0-/.test(version) || version === '';
}
