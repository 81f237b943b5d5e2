/** What `${NAME}` means beside variables of the environment. */
export const builtInNames = ['program_name', 'process_num', 'group_name', 'instance_number', 'host', 'here'] as const;

const reference = /\$\$\{|\$\{([^}]*)\}/g;
const name = /^([A-Za-z_][A-Za-z0-9_]*)(?::0(\d))?$/;

/** What a reference is made of: `${process_num:02}` is a number of at least two digits. */
export interface Reference {
  readonly name: string;
  /** 0 where none is asked for. */
  readonly digits: number;
}

/**
 * Replaces `${NAME}`, and `$${` by `${`; all else, a `$` alone among it, stays as it is.
 * @param valueOf of a name; undefined leaves the reference as it stands
 */
export function expandTemplate(text: string, valueOf: (name: string) => string | undefined): string {
  if (!text.includes('${')) return text;
  return text.replace(reference, (whole, inner: string | undefined) => {
    if (inner === undefined) return '${';
    const read = parseReference(inner);
    const value = read === undefined ? undefined : valueOf(read.name);
    if (read === undefined || value === undefined) return whole;
    return read.digits > 0 && /^\d+$/.test(value) ? value.padStart(read.digits, '0') : value;
  });
}

/** What stands between the braces of all references of a text. */
export function referencesOf(text: string): readonly string[] {
  if (!text.includes('${')) return [];
  return [...text.matchAll(reference)].flatMap(([, inner]) => (inner === undefined ? [] : [inner]));
}

/** Undefined for what is no name. */
export function parseReference(inner: string): Reference | undefined {
  const match = name.exec(inner);
  return match?.[1] === undefined ? undefined : { name: match[1], digits: Number(match[2] ?? '0') };
}
