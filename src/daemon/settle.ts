import { join } from 'node:path';
import { StateDir } from '../runtime/state-dir/layout';
import { messageOf } from '../sys/thrown';
import { isOurShim } from '../worker/shims/shim';
import { DaemonError } from './errors';
import { options, type FileSettings, type OptionName, type Settings } from './settings';

/** The program's own name; it has others, by which it is found in the place of others. */
export const PROGRAM = 'holdfastd';
const SHIM_PROGRAM = 'holdfast-shim';

type Texts = ReadonlyMap<OptionName, readonly string[]>;

/** Where settings come from. A flag wins over the file, the file over the default. */
export interface Sources {
  readonly flags: Texts;
  readonly file: ({ readonly path: string; readonly texts: Texts } & Partial<FileSettings>) | undefined;
  /** The name that the program was called by, without a directory. */
  readonly calledAs: string;
  /** Other defaults than the options' own. */
  readonly initials?: Texts;
  /** What a setting is called in the file, where not by its flag. */
  readonly keyOf?: (name: OptionName) => string;
}

/** Looks at every value and settles which one counts. @throws DaemonError `bad-value`, also for a value that another one hides */
export function settle({ flags, file, calledAs, initials, keyOf }: Sources): Settings {
  const read = <Name extends OptionName>(name: Name): Settings[Name] => {
    const { flag, initial, parse } = options[name];
    let value = parse(initials?.get(name) ?? initial);
    const inFile = file?.texts.get(name);
    if (inFile !== undefined) value = parsed(`${file?.path ?? ''}: ${keyOf?.(name) ?? flag} =`, inFile, parse);
    const inFlags = flags.get(name);
    if (inFlags !== undefined) value = parsed(`--${flag}`, inFlags, parse);
    return value;
  };
  const isSet = (name: OptionName) => flags.has(name) || file?.texts.has(name) === true;
  return {
    debug: read('debug'),
    logLevel: read('debug') && !isSet('logLevel') ? 'debug' : read('logLevel'),
    stateDir: read('stateDir'),
    // Each daemon has its own: a second one, with another state directory, would find the first one's locked.
    root: isSet('root') || !isSet('stateDir') || initials !== undefined ? read('root') : join(new StateDir(read('stateDir')).companion, 'root'),
    programs: read('programs'),
    socketPaths: read('socketPaths'),
    socketGroup: read('socketGroup'),
    socketUserId: file?.socketUserId ?? 0,
    messageLimits: file?.messageLimits,
    oomScoreAdj: file?.oomScoreAdj,
    runtime: read('runtime'),
    runtimeArgs: read('runtimeArgs'),
    runtimes: file?.runtimes ?? new Map(),
    mirrors: file?.mirrors ?? new Map(),
    shim: read('shim'),
    shimCalledAs: shimName(read('shim'), isSet('shim') || calledAs !== PROGRAM),
    startTimeoutMs: read('startTimeoutMs'),
    onShimDeath: read('onShimDeath'),
    runtimeCopy: read('runtimeCopy'),
    retainCount: read('retainCount'),
    metricsIntervalMs: read('metricsIntervalMs'),
    graphiteAddress: read('graphiteAddress'),
    metricsAddress: read('metricsAddress'),
    pprofAddress: read('pprofAddress'),
    configFile: file?.path,
  };
}

/** Our shim is called what the setting says, as scripts look for it; and by its own name where nobody has said anything. */
function shimName(setting: string, isAsked: boolean): string {
  return isAsked && setting !== '' && isOurShim(setting) ? setting : SHIM_PROGRAM;
}

function parsed<T>(where: string, texts: readonly string[], parse: (texts: readonly string[]) => T): T {
  try {
    return parse(texts);
  } catch (error) {
    throw new DaemonError('bad-value', `${where} ${texts.map(quote).join(', ')}: ${messageOf(error)}`, { cause: error });
  }
}

/** Keeps the message on one line, whatever was given. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
