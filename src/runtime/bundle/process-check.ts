import type { Fields } from '../fields';
import type { ProcessSpec } from './process-spec';

const CAPABILITY_SETS = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'];

/**
 * Checks the types of an OCI process's known members (one that has been lifted: no nulls, no old
 * forms). What the values mean is left to the runtime, whose message the client knows.
 * @throws the error of the given fields
 */
export function checkProcess(fields: Fields): ProcessSpec {
  fields.optionalBoolean('terminal');
  const user = fields.object('user');
  user.integer('uid');
  user.integer('gid');
  if (!user.isAbsent('additionalGids')) user.integers('additionalGids');
  fields.strings('args');
  fields.optionalStrings('env');
  fields.string('cwd');
  const capabilities = fields.optionalObject('capabilities');
  for (const set of CAPABILITY_SETS) capabilities?.optionalStrings(set);
  for (const limit of fields.optionalObjects('rlimits')) {
    limit.string('type');
    limit.uint64('soft');
    limit.uint64('hard');
  }
  fields.optionalBoolean('noNewPrivileges');
  fields.optionalString('apparmorProfile');
  fields.optionalString('selinuxLabel');
  fields.optionalInteger('oomScoreAdj', -1000, 1000);
  // Each member that the type names has just been checked.
  return fields.values as ProcessSpec;
}
