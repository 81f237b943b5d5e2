import { DaemonError } from './errors';
import { optionNames, options, type OptionName } from './settings';

/** What the command line says, its values not yet looked at. */
export interface Flags {
  readonly help: boolean;
  readonly version: boolean;
  /** The text after `--config`, undefined where it is not given. */
  readonly config: string | undefined;
  /** In the order given; only settings that are given. */
  readonly texts: ReadonlyMap<OptionName, readonly string[]>;
}

/** One flag as it was given. */
export interface Given {
  readonly name: string;
  /** As the user wrote it, with its dashes: for messages. */
  readonly written: string;
  readonly text: string;
}

/** Flag names and their one-letter forms, to what they set. */
const SWITCHES = new Map([
  ['help', 'help'],
  ['h', 'help'],
  ['version', 'version'],
  ['v', 'version'],
]);

/**
 * Reads the flags as Go's flag package does, which is what clients that start this daemon are used
 * to: one dash or two, `--flag value` and `--flag=value` (`-l=value` too), a value that may itself
 * begin with a dash (dockerd passes `--runtime-args --systemd-cgroup=true`), booleans that take a
 * value after `=` only. `parseArgs` of node:util and the usual packages differ in one or the other.
 *
 * @param args without the program's name
 * @throws DaemonError `unknown-flag`, `missing-value`, `unexpected-argument`, `bad-value`
 */
export function parseFlags(args: readonly string[]): Flags {
  const byFlag = new Map<string, OptionName>();
  for (const name of optionNames) {
    byFlag.set(options[name].flag, name);
    if (options[name].short !== undefined) byFlag.set(options[name].short, name);
  }
  const isBoolean = (flag: string) => {
    const name = byFlag.get(flag);
    return SWITCHES.has(flag) || (name !== undefined && options[name].shape === 'boolean');
  };
  const isKnown = (flag: string) => byFlag.has(flag) || SWITCHES.has(flag) || flag === 'config';

  const switched = new Set<string>();
  let config: string | undefined;
  const texts = new Map<OptionName, string[]>();
  const { pairs, rest } = readPairs(args, isKnown, isBoolean);
  if (rest[0] !== undefined) throw new DaemonError('unexpected-argument', `unexpected argument ${JSON.stringify(rest[0])}; see --help`);
  for (const { name: flag, written, text } of pairs) {
    const name = byFlag.get(flag);
    const switchName = SWITCHES.get(flag);
    if (name !== undefined) texts.set(name, [...(texts.get(name) ?? []), text]);
    else if (switchName === undefined) config = text;
    else if (text === 'true') switched.add(switchName);
    else throw new DaemonError('bad-value', `${written}=${text}: this flag takes no value`);
  }
  return { help: switched.has('help'), version: switched.has('version'), config, texts };
}

/**
 * Reads flags up to the first word that is none.
 * @returns the flags in the order given, and the words from there on
 * @throws DaemonError `unknown-flag`, `missing-value`
 */
export function readPairs(
  args: readonly string[],
  isKnown: (flag: string) => boolean,
  isBoolean: (flag: string) => boolean,
): { readonly pairs: readonly Given[]; readonly rest: readonly string[] } {
  const pairs: Given[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [, dashes, name = '', inline] = /^(--?)([^-=][^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
    if (dashes === undefined) return { pairs, rest: [arg, ...rest] };
    const written = dashes + name;
    if (!isKnown(name)) throw new DaemonError('unknown-flag', `unknown flag ${onOneLine(written)}; see --help`);
    const text = inline ?? (isBoolean(name) ? 'true' : rest.shift());
    if (text === undefined) throw new DaemonError('missing-value', `${written} needs a value; see --help`);
    pairs.push({ name, written, text });
  }
  return { pairs, rest: [] };
}

function onOneLine(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
