import { readConfigFile, DEFAULT_CONFIG_FILE, type ConfigFile } from './config-file';
import { CONTAINERD, readContainerdLine } from './containerd/command-line';
import { DaemonError } from './errors';
import { parseFlags, type Flags } from './flags';
import type { Invocation } from './invocation';
import { PROGRAM, quote, settle } from './settle';

/** What a command line is read in; for tests. */
export interface Surroundings {
  /** The name that the program was called by, without a directory. */
  readonly calledAs?: string;
  readonly defaultConfigFile?: string;
}

/**
 * Reads flags and configuration file: a flag wins over the file, the file over the default. The
 * file that `--config` names has to be there, the default one need not; `--config=` reads none.
 * Called as `containerd`, it takes that program's flags and file.
 *
 * @param args without the program's name
 * @throws DaemonError whose message is for the user, who then gets exit status 1
 */
export function readCommandLine(args: readonly string[], { calledAs = PROGRAM, defaultConfigFile }: Surroundings = {}): Invocation {
  if (calledAs === CONTAINERD) return readContainerdLine(args, defaultConfigFile);
  const flags = parseFlags(args);
  if (flags.help) return { kind: 'help' };
  if (flags.version) return { kind: 'version' };
  const file = configFor(flags, defaultConfigFile ?? DEFAULT_CONFIG_FILE);
  return { kind: 'run', settings: settle({ flags: flags.texts, file, calledAs }), warnings: [] };
}

function configFor(flags: Flags, defaultConfigFile: string): ConfigFile | undefined {
  if (flags.config === undefined) return readConfigFile(defaultConfigFile);
  if (flags.config === '') return undefined;
  const config = readConfigFile(flags.config);
  if (config === undefined) throw new DaemonError('config-unreadable', `--config ${quote(flags.config)}: no such file`);
  return config;
}
