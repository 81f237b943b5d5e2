import type { Verb } from '../verb';

/** Where the n-th word is that is no option; undefined: there are fewer. Options are those of `verbs`, the program's and the verb's. */
function wordAt(args: readonly string[], n: number, verbs: readonly Verb[], from = 0): number | undefined {
  let words = 0;
  for (let at = from; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg.startsWith('-') && arg !== '-') {
      if (takesNext(arg, verbs)) at += 1;
    } else if (words === n) return at;
    else words += 1;
  }
  return undefined;
}

/** Whether what follows is its value. */
function takesNext(arg: string, verbs: readonly Verb[]): boolean {
  const takesValue = (flag: string): boolean => verbs.some(({ options }) => options.some(({ short, long, required }) => required && (flag === short || flag === long)));
  if (arg.startsWith('--')) return takesValue(arg);
  // Several in one, such as -dt: the first that has a value has the rest, or what follows.
  const first = [...arg.slice(1)].findIndex((letter) => takesValue(`-${letter}`));
  return first >= 0 && first === arg.length - 2;
}

/** The first word that is no option of the program's; undefined: there is none. */
export function firstWord(args: readonly string[], program: Verb): string | undefined {
  const at = wordAt(args, 0, [program]);
  return at === undefined ? undefined : args[at];
}

/**
 * The command line with `--` before the command of `run` and `exec`, where it has none: what stands behind a command's name is the command's, as with docker.
 */
export function withSeparator(args: readonly string[], program: Verb): readonly string[] {
  const at = wordAt(args, 0, [program]);
  const verb = at === undefined ? undefined : program.verbs.find((each) => each.name() === args[at]);
  if (at === undefined || verb?.meta.wordsBeforeCommand === undefined || args.includes('--')) return args;
  const command = wordAt(args, verb.meta.wordsBeforeCommand, [program, verb], at + 1);
  return command === undefined ? args : [...args.slice(0, command), '--', ...args.slice(command)];
}
