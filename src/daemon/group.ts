import { readFileSync } from 'node:fs';
import { DaemonError } from './errors';

/**
 * Finds the group that `--socket-group` names. Only `/etc/group` is asked (group(5)): a group of a
 * directory service has to be given by its number.
 *
 * @param group a name, or a number
 * @param groupFile for tests
 * @throws DaemonError `bad-value`; the error of the file system
 */
export function groupIdOf(group: string, groupFile = '/etc/group'): number {
  if (/^\d{1,10}$/.test(group)) return Number(group);
  for (const line of readFileSync(groupFile, 'utf8').split('\n')) {
    const [name, , id = ''] = line.split(':');
    if (name === group && /^\d+$/.test(id)) return Number(id);
  }
  throw new DaemonError('bad-value', `socket-group ${JSON.stringify(group)}: ${groupFile} has no such group`);
}
