/** What `%(…)s` stands for: our own reference where there is one, or a text. */
export interface Meanings {
  /** The directory of the main configuration file. */
  readonly here: string;
  readonly numprocs: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const references: Readonly<Record<string, string>> = {
  program_name: '${program_name}',
  group_name: '${group_name}',
  host_node_name: '${host}',
};

/**
 * A value of supervisord's as one of ours: `%(process_num)02d` is `${process_num:02}`, `%%` a `%`. What would be a reference of ours is none.
 * @param onProblem told of what means nothing, which stays as it stands
 */
export function expanded(text: string, { here, numprocs, env }: Meanings, onProblem: (problem: string) => void): string {
  return text.replaceAll('${', () => '$${').replaceAll(/%%|%\(([^)]*)\)0?(\d*)([sd])/g, (whole, name: string | undefined, digits: string) => {
    if (name === undefined) return '%';
    if (name === 'process_num') return Number(digits) > 0 ? `\${process_num:0${digits}}` : '${process_num}';
    if (name === 'here') return here;
    if (name === 'numprocs') return numprocs;
    const known = references[name] ?? (name.startsWith('ENV_') ? env[name.slice('ENV_'.length)] : undefined);
    if (known === undefined) onProblem(name.startsWith('ENV_') ? `${whole}: the variable is not set here` : `${whole} means nothing`);
    return known ?? whole;
  });
}
