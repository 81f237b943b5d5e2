/** An environment, by how it gets to the program. */
export interface SplitEnvironment {
  /** For the shell to read: exports. */
  readonly file: string;
  /** `NAME=value` that a shell cannot export, or takes for its own: for env(1). */
  readonly odd: readonly string[];
}

const exportable = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** That shells keep to themselves, refuse, or set by themselves. */
const shellsOwn = new Set([
  '_', 'IFS', 'OPTIND', 'PPID', 'PWD', 'OLDPWD', 'SHLVL', 'LINENO', 'UID', 'EUID', 'GROUPS', 'RANDOM', 'SECONDS', 'SHELLOPTS', 'BASHOPTS',
  'BASH_VERSINFO', 'HISTCMD', 'DIRSTACK', 'FUNCNAME', 'BASHPID', 'EPOCHSECONDS', 'EPOCHREALTIME', 'SRANDOM',
]);

/** Of a name that comes twice the last value counts, as for programs of today. @param env as in the OCI process: `NAME=value` */
export function splitEnvironment(env: readonly string[]): SplitEnvironment {
  const values = new Map<string, string>();
  for (const entry of env) {
    const at = entry.indexOf('=');
    // Without a value, or without a name, nobody can ask for it.
    if (at > 0) values.set(entry.slice(0, at), entry.slice(at + 1));
  }
  const all = [...values];
  const isOdd = (name: string): boolean => !exportable.test(name) || shellsOwn.has(name);
  return {
    file: all.filter(([name]) => !isOdd(name)).map(([name, value]) => `export ${name}=${quote(value)}\n`).join(''),
    odd: all.filter(([name]) => isOdd(name)).map(([name, value]) => `${name}=${value}`),
  };
}

/** A word for the shell, whatever is in it. */
export function quote(word: string): string {
  return `'${word.replaceAll('\'', '\'\\\'\'')}'`;
}
