import { CONTAINERD_VERSION } from '../../api/containerd/version';
import { DaemonError } from '../errors';
import { readPairs } from '../flags';
import type { Invocation } from '../invocation';
import { optionNames, options, type OptionName, type Settings } from '../settings';
import { quote, settle } from '../settle';
import { VERSION } from '../version';
import { EMPTY, keyOf, readContainerdConfig, type ContainerdConfig } from './config-file';
import { configText } from './config-text';
import { helpText } from './help';

/** The name by which the daemon takes the flags and the file of containerd 1.x and 2.x. */
export const CONTAINERD = 'containerd';

const DEFAULT_CONFIG_FILE = '/etc/containerd/config.toml';

/** The same directories as that program's own. */
const INITIALS: ReadonlyMap<OptionName, readonly string[]> = new Map([
  ['root', ['/var/lib/containerd']],
  ['stateDir', ['/run/containerd']],
]);

/** Its flags, to what they set; `config` and the switches beside. Ours by their long names are taken as well. */
const FLAGS: ReadonlyMap<string, OptionName> = new Map([
  ...optionNames.map((name): [string, OptionName] => [options[name].flag, name]),
  ['state', 'stateDir'],
  ['log-level', 'logLevel'],
  ['l', 'logLevel'],
  ['root', 'root'],
]);
const ADDRESS = new Set(['address', 'a']);
const CONFIG = new Set(['config', 'c']);
const SWITCHES = new Set(['help', 'h', 'version', 'v']);

interface Line {
  readonly switched: ReadonlySet<string>;
  readonly config: string | undefined;
  readonly address: string | undefined;
  readonly texts: ReadonlyMap<OptionName, readonly string[]>;
  readonly command: readonly string[];
}

/**
 * Reads `containerd [flags]`, `containerd [flags] config default` and `config dump`. Sockets: the one of `--address`, or of the file's
 * `[grpc]`, and beside it those of `--listen`, for old Dockers.
 *
 * @throws DaemonError
 */
export function readContainerdLine(args: readonly string[], defaultConfigFile = DEFAULT_CONFIG_FILE): Invocation {
  const line = parseLine(args);
  const [command, ...rest] = line.command;
  if (line.switched.has('help') || line.switched.has('h') || command === 'help') return { kind: 'print', text: helpText() };
  if (line.switched.has('version') || line.switched.has('v')) {
    return { kind: 'print', text: `containerd holdfast ${CONTAINERD_VERSION} holdfast-${VERSION}\n` };
  }
  if (command === undefined) {
    const config = configFor(line, defaultConfigFile);
    return { kind: 'run', settings: settingsOf(line, config), warnings: config.warnings };
  }
  if (command === 'config' && rest.length === 1 && rest[0] === 'default') {
    return { kind: 'print', text: configText(settingsOf(parseLine([]), EMPTY), EMPTY) };
  }
  if (command === 'config' && rest.length === 1 && rest[0] === 'dump') {
    const config = configFor(line, defaultConfigFile);
    return { kind: 'print', text: configText(settingsOf(line, config), config) };
  }
  throw new DaemonError('unexpected-argument', `unknown command ${quote(line.command.join(' '))}; see --help`);
}

function parseLine(args: readonly string[]): Line {
  const isBoolean = (flag: string): boolean => SWITCHES.has(flag) || (FLAGS.has(flag) && options[FLAGS.get(flag) ?? 'debug'].shape === 'boolean');
  const isKnown = (flag: string): boolean => SWITCHES.has(flag) || CONFIG.has(flag) || ADDRESS.has(flag) || FLAGS.has(flag);
  const { pairs, rest } = readPairs(args, isKnown, isBoolean);
  const switched = new Set<string>();
  let config: string | undefined;
  let address: string | undefined;
  const texts = new Map<OptionName, string[]>();
  for (const { name, text } of pairs) {
    const option = FLAGS.get(name);
    if (CONFIG.has(name)) config = text;
    else if (ADDRESS.has(name)) address = text;
    else if (option !== undefined) texts.set(option, [...(texts.get(option) ?? []), text]);
    else if (text === 'true') switched.add(name);
  }
  return { switched, config, address, texts, command: rest };
}

function configFor({ config }: Line, defaultConfigFile: string): ContainerdConfig {
  if (config === '') return EMPTY;
  const read = readContainerdConfig(config ?? defaultConfigFile);
  if (read === undefined && config !== undefined) throw new DaemonError('config-unreadable', `--config ${quote(config)}: no such file`);
  return read ?? EMPTY;
}

function settingsOf(line: Line, config: ContainerdConfig): Settings {
  const flags = new Map(line.texts);
  const beside = [...(config.texts.get('socketPaths') ?? []), ...(flags.get('socketPaths') ?? [])];
  const address = line.address ?? config.address;
  flags.set('socketPaths', [...(address === undefined || address === '' ? options.socketPaths.initial : [address]), ...beside]);
  return settle({ flags, file: config.path === '' ? undefined : config, calledAs: CONTAINERD, initials: INITIALS, keyOf });
}
