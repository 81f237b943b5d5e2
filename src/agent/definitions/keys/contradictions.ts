import type { Kind } from '../definition';
import type { TableReader } from '../table-reader';

/** What a bundle's config.json says itself. */
const ofTheSpec = [
  'command', 'rootfs', 'image', 'shell', 'directory', 'umask', 'user', 'group', 'extra_groups', 'environment', 'environment_file', 'inherit_environment',
  'terminal', 'pid_namespace', 'limits', 'oom_score_adjust', 'nice', 'no_new_privileges', 'capabilities', 'read_only_paths', 'private_tmp', 'network', 'publish', 'volumes', 'hostname', 'entrypoint', 'listen',
];

/** Tells of keys that cannot stand beside each other. */
export function tellContradictions(table: TableReader, kind: Kind): void {
  const tell = (key: string, message: string): void => { table.complain('contradiction', key, `${table.name}: ${message}`); };
  if (kind.is === 'bundle') {
    for (const key of ofTheSpec) if (table.has(key)) tell(key, `${key} beside bundle: the bundle's config.json says it`);
  }
  if (kind.is === 'rootfs' || kind.is === 'image') {
    if (table.has('pid_namespace')) tell('pid_namespace', `pid_namespace beside ${kind.is}: a container has one always`);
  }
  if (table.has('rootfs') && table.has('image')) tell('image', 'image beside rootfs: an image has its own root file system');
  if (kind.is === 'image') {
    if (table.has('extra_groups')) tell('extra_groups', 'extra_groups beside image: they are those that the image gives the user');
    if (table.has('group') && !table.has('user')) tell('group', 'group beside image, without user: the user and its group are the image\'s');
  }
  if (table.has('entrypoint') && kind.is !== 'image' && kind.is !== 'bundle') tell('entrypoint', 'entrypoint is for an image: all else is the command itself');
  if (table.has('entrypoint') && table.table['shell'] === true) tell('entrypoint', 'entrypoint beside shell: the shell is it');
  if (kind.is === 'host') {
    for (const key of ['volumes', 'hostname']) if (table.has(key)) tell(key, `${key} is for containers: a program of the host has the host's files and name`);
    if (table.has('network') && table.table['network'] !== 'host') tell('network', 'a host program has the host\'s network; with rootfs or image it can have none, or one of its own');
  }
}
