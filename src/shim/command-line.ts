export const USAGE = `usage: holdfast-shim --serve <state-dir> --name <name>
       holdfast-shim <container id> <bundle> <runtime>    (in the process's directory)
       holdfast-shim --version
`;

/** What the program is asked to do. */
export type CommandLine =
  | { readonly kind: 'serve'; readonly stateDir: string; readonly name: string }
  | { readonly kind: 'single'; readonly id: string; readonly bundle: string; readonly runtime: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong' };

/** The command line is for programs: each form has exactly one spelling. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const [first, second, third, fourth] = args;
  if (args.length === 1 && first === '--version') return { kind: 'version' };
  if (args.length === 4 && first === '--serve' && third === '--name' && second && isPlainName(fourth)) {
    return { kind: 'serve', stateDir: second, name: fourth };
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
