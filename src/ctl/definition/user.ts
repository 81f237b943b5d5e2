import { readFileSync } from 'node:fs';
import { CtlError } from '../errors';
import { withinRoot } from '../../sys/files/within-root';
import { errorCodeOf } from '../../sys/thrown';

/** A user of this host, or of a root file system. */
export interface FoundUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** Absent where passwd(5) does not know the number. */
  readonly name: string | undefined;
  readonly home: string;
  readonly shell: string;
}

/**
 * @param text `user` or `user:group`, names or numbers
 * @param root whose passwd(5) and group(5) are asked; without them numbers alone are known
 * @throws CtlError where there is no such name
 */
export function findUser(text: string, root = '/'): FoundUser {
  const [user = '', group] = text.split(':');
  const isNumber = /^\d+$/.test(user);
  const entry = lines(root, '/etc/passwd').find(([name, , uid]) => (isNumber ? uid === user : name === user));
  if (entry === undefined && !isNumber) throw unknown('user', user, root);
  const [name, , uid = user, gid = '0', , home = '/', shell = '/bin/sh'] = entry ?? [];
  const groups = lines(root, '/etc/group');
  const member = groups.filter(([, , , members = '']) => name !== undefined && members.split(',').includes(name)).map(([, , number]) => Number(number));
  return {
    uid: Number(uid),
    gid: group === undefined ? Number(gid) : groupOf(group, groups, root),
    // Who is given a group is in that one alone.
    additionalGids: group === undefined ? member : [],
    name,
    home,
    shell,
  };
}

/** What a program of that user finds in its environment: as login(1) has it. */
export function environmentOf({ name, home, shell }: FoundUser): readonly string[] {
  return name === undefined ? [] : [`HOME=${home}`, `USER=${name}`, `LOGNAME=${name}`, `SHELL=${shell}`];
}

function groupOf(text: string, groups: readonly string[][], root: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const entry = groups.find(([name]) => name === text);
  if (entry === undefined) throw unknown('group', text, root);
  return Number(entry[2]);
}

function lines(root: string, path: string): string[][] {
  try {
    const found = withinRoot(root, path);
    return found === undefined ? [] : readFileSync(found, 'utf8').split('\n').map((line) => line.split(':'));
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT' || errorCodeOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function unknown(what: string, name: string, root: string): CtlError {
  return new CtlError('invalid-argument', `there is no ${what} ${name} ${root === '/' ? 'on this host' : `in ${root}`}`);
}
