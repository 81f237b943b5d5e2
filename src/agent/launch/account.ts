import type { ProcessDefinition } from '../definitions/definition';
import { LaunchError } from './errors';

/** Whom a process runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** Of passwd(5); undefined where it does not know the number. */
  readonly entry: { readonly name: string; readonly home: string; readonly shell: string } | undefined;
}

/** passwd(5) and group(5), as they are now. */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
  /** Whose they are, for messages: `on this host`. */
  readonly where: string;
}

type Wanted = Pick<ProcessDefinition, 'fullName' | 'user' | 'userGroup' | 'extraGroups'>;

/**
 * Numbers need no entry; names do. Who is given no groups has those that group(5) names the user in.
 * @param ownUid the daemon's, for who is given no user
 * @throws LaunchError `no-such-account`
 */
export function findAccount(process: Wanted, { passwd, group, where }: AccountFiles, ownUid: number): Account {
  const fail = (what: 'user' | 'group', name: string): never => {
    throw new LaunchError('no-such-account', process.fullName, `there is no ${what} ${JSON.stringify(name)} ${where}`);
  };
  const users = entriesOf(passwd);
  const groups = entriesOf(group);
  const user = process.user ?? String(ownUid);
  const isNumber = /^\d+$/.test(user);
  const found = users.find(([name, , uid]) => (isNumber ? uid === user : name === user)) ?? (isNumber ? undefined : fail('user', user));
  const [name, , uid = user, gid = '0', , home = '/', shell = '/bin/sh'] = found ?? [];
  const gidOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number((groups.find(([each]) => each === text) ?? fail('group', text))[2]));
  const memberOf = groups.filter(([, , , members = '']) => name !== undefined && members.split(',').includes(name)).map(([, , number]) => Number(number));
  const additional = process.extraGroups?.map(gidOf) ?? (process.user === undefined ? [] : memberOf);
  return {
    uid: Number(uid),
    gid: process.userGroup === undefined ? Number(gid) : gidOf(process.userGroup),
    additionalGids: [...new Set(additional)],
    entry: name === undefined ? undefined : { name, home: home === '' ? '/' : home, shell: shell === '' ? '/bin/sh' : shell },
  };
}

function entriesOf(text: string): readonly (readonly string[])[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(':'));
}
