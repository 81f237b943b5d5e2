import { messageOf } from '../sys/thrown';
import { readConfigFile, DEFAULT_CONFIG_FILE, type ConfigFile } from './config-file';
import { DaemonError } from './errors';
import { parseFlags, type Flags } from './flags';
import { options, type OptionName, type Settings } from './settings';

/** What a start of the program asks for. */
export type Invocation =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly settings: Settings };

/**
 * Reads flags and configuration file: a flag wins over the file, the file over the default. The
 * file that `--config` names has to be there, the default one need not; `--config=` reads none.
 *
 * @param args without the program's name
 * @param defaultConfigFile for tests
 * @throws DaemonError whose message is for the user, who then gets exit status 1
 */
export function readCommandLine(args: readonly string[], defaultConfigFile = DEFAULT_CONFIG_FILE): Invocation {
  const flags = parseFlags(args);
  if (flags.help) return { kind: 'help' };
  if (flags.version) return { kind: 'version' };
  return { kind: 'run', settings: settingsFrom(flags, configFor(flags, defaultConfigFile)) };
}

function configFor(flags: Flags, defaultConfigFile: string): ConfigFile | undefined {
  if (flags.config === undefined) return readConfigFile(defaultConfigFile);
  if (flags.config === '') return undefined;
  const config = readConfigFile(flags.config);
  if (config === undefined) throw new DaemonError('config-unreadable', `--config ${quote(flags.config)}: no such file`);
  return config;
}

function settingsFrom(flags: Flags, config: ConfigFile | undefined): Settings {
  // Both sides are parsed, so that a mistake in the file shows although a flag hides it.
  const read = <Name extends OptionName>(name: Name): Settings[Name] => {
    const { flag, initial, parse } = options[name];
    let value = parse(initial);
    const inFile = config?.texts.get(name);
    if (inFile !== undefined) value = parsed(`${config?.path ?? ''}: ${flag} =`, inFile, parse);
    const inFlags = flags.texts.get(name);
    if (inFlags !== undefined) value = parsed(`--${flag}`, inFlags, parse);
    return value;
  };
  const isSet = (name: OptionName) => flags.texts.has(name) || config?.texts.has(name) === true;
  return {
    debug: read('debug'),
    logLevel: read('debug') && !isSet('logLevel') ? 'debug' : read('logLevel'),
    stateDir: read('stateDir'),
    socketPaths: read('socketPaths'),
    socketGroup: read('socketGroup'),
    runtime: read('runtime'),
    runtimeArgs: read('runtimeArgs'),
    runtimes: config?.runtimes ?? new Map(),
    shim: read('shim'),
    startTimeoutMs: read('startTimeoutMs'),
    onShimDeath: read('onShimDeath'),
    runtimeCopy: read('runtimeCopy'),
    retainCount: read('retainCount'),
    metricsIntervalMs: read('metricsIntervalMs'),
    graphiteAddress: read('graphiteAddress'),
    metricsAddress: read('metricsAddress'),
    pprofAddress: read('pprofAddress'),
    configFile: config?.path,
  };
}

function parsed<T>(where: string, texts: readonly string[], parse: (texts: readonly string[]) => T): T {
  try {
    return parse(texts);
  } catch (error) {
    throw new DaemonError('bad-value', `${where} ${texts.map(quote).join(', ')}: ${messageOf(error)}`, { cause: error });
  }
}

/** Keeps the message on one line, whatever was given. */
function quote(text: string): string {
  return JSON.stringify(text);
}
