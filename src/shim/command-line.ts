export const USAGE = `usage: holdfast-shim --serve <state-dir> --name <name>
       holdfast-shim --serve <state-dir> --name <name> --take-up <fd>    (by itself, to go on as another program)
       holdfast-shim --rehearse                                          (by a shim, with that state on stdin)
       holdfast-shim <container id> <bundle> <runtime>    (in the process's directory)
       holdfast-shim --hands <protocol>    (for a daemon or shim: its standard input is a socket of theirs)
       holdfast-shim --copier <directory>                 (by a shim)
       holdfast-shim --version
`;

/** What the program is asked to do. */
export type CommandLine =
  | { readonly kind: 'serve'; readonly stateDir: string; readonly name: string }
  | { readonly kind: 'resume'; readonly stateDir: string; readonly name: string; readonly stateFd: number }
  | { readonly kind: 'rehearse' }
  | { readonly kind: 'single'; readonly id: string; readonly bundle: string; readonly runtime: string }
  | { readonly kind: 'hands'; readonly protocol: number }
  | { readonly kind: 'copier' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong' };

/** The command line is for programs: each form has exactly one spelling. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const [first, second, third, fourth, fifth, sixth] = args;
  if (args.length === 1 && first === '--version') return { kind: 'version' };
  if (args.length === 2 && first === '--hands') return { kind: 'hands', protocol: Number(second) };
  if (args.length === 2 && first === '--copier') return { kind: 'copier' };
  if (args.length === 4 && first === '--serve' && third === '--name' && second && isPlainName(fourth)) {
    return { kind: 'serve', stateDir: second, name: fourth };
  }
  if (args.length === 1 && first === '--rehearse') return { kind: 'rehearse' };
  if (args.length === 6 && first === '--serve' && third === '--name' && second && isPlainName(fourth) && fifth === '--take-up') {
    return sixth !== undefined && /^\d{1,9}$/.test(sixth) ? { kind: 'resume', stateDir: second, name: fourth, stateFd: Number(sixth) } : { kind: 'wrong' };
  }
  if (args.length === 3 && first && second !== undefined && third && !first.startsWith('-')) {
    return { kind: 'single', id: first, bundle: second, runtime: third };
  }
  return { kind: 'wrong' };
}

/** It becomes a part of a file's name. */
function isPlainName(name: string | undefined): name is string {
  return name !== undefined && /^[\w.+-]{1,100}$/.test(name);
}
