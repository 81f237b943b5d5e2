import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join, posix } from 'node:path';
import { CtlError } from '../errors';
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

/** As many as the kernel follows (path_resolution(7)). */
const mostLinks = 40;

/** Where `path` is for a program whose root is `root`: a symbolic link to /x is one to /x of that root. Undefined where links go round. */
function withinRoot(root: string, path: string): string | undefined {
  let at = '/';
  let left = path.split('/');
  for (let links = 0; left.length > 0;) {
    const [part = '', ...rest] = left;
    left = rest;
    const next = posix.join(at, part);
    const target = linkAt(join(root, next));
    if (target === undefined) {
      at = next;
      continue;
    }
    links += 1;
    if (links > mostLinks) return undefined;
    if (target.startsWith('/')) at = '/';
    left = [...target.split('/'), ...left];
  }
  return join(root, at);
}

function linkAt(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
}

function unknown(what: string, name: string, root: string): CtlError {
  return new CtlError('invalid-argument', `there is no ${what} ${name} ${root === '/' ? 'on this host' : `in ${root}`}`);
}
