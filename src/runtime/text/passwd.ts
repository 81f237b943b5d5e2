/** A user of a root file system. */
export interface FoundUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** Absent where passwd(5) does not know the number. */
  readonly name: string | undefined;
  readonly home: string;
  readonly shell: string;
}

/** There is no such user, or group. */
export interface UnknownName {
  readonly unknown: 'user' | 'group';
  readonly name: string;
}

/** @param text `user` or `user:group`, names or numbers @param passwd what passwd(5) says, @param group and group(5); without them numbers alone are known */
export function userOf(text: string, passwd: string, group: string): FoundUser | UnknownName {
  const [user = '', ofGroup] = text.split(':');
  const isNumber = /^\d+$/.test(user);
  const entry = linesOf(passwd).find(([name, , uid]) => (isNumber ? uid === user : name === user));
  if (entry === undefined && !isNumber) return { unknown: 'user', name: user };
  const [name, , uid = user, gid = '0', , home = '/', shell = '/bin/sh'] = entry ?? [];
  const groups = linesOf(group);
  const member = groups.filter(([, , , members = '']) => name !== undefined && members.split(',').includes(name)).flatMap(([, , number = '']) => (isId(number) ? [Number(number)] : []));
  const chosen = ofGroup === undefined ? gid : /^\d+$/.test(ofGroup) ? ofGroup : groups.find(([one]) => one === ofGroup)?.[2];
  // A line that is damaged: what is no number would be root to whoever reads it.
  if (!isId(uid)) return { unknown: 'user', name: user };
  if (chosen === undefined || !isId(chosen)) return { unknown: 'group', name: ofGroup ?? gid };
  return {
    uid: Number(uid),
    gid: Number(chosen),
    // Who is given a group is in that one alone.
    additionalGids: ofGroup === undefined ? member : [],
    name,
    home,
    shell,
  };
}

/** What a program of that user finds in its environment: as login(1) has it. */
export function environmentOf({ name, home, shell }: FoundUser): readonly string[] {
  return name === undefined ? [] : [`HOME=${home}`, `USER=${name}`, `LOGNAME=${name}`, `SHELL=${shell}`];
}

/** The largest number is no id, but none at all (chown(2)). */
function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) < 0xffff_ffff;
}

function linesOf(text: string): string[][] {
  return text.split('\n').map((line) => line.split(':'));
}
