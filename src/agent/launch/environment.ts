import type { ProcessDefinition } from '../definitions/definition';
import { expandTemplate, parseReference, referencesOf } from '../definitions/template';
import type { Account } from './account';
import { LaunchError } from './errors';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const LANG = 'C.UTF-8';
/** Nobody is there, and nobody can be: what asks is told so at once. */
const NO_SERVER_URL = 'unix:///dev/null/holdfast-has-no-xml-rpc';

/** What there is to make an environment of. */
export interface EnvironmentParts {
  readonly account: Account;
  /** Of the files, in their order: of a name that comes again the later counts. */
  readonly fromFiles: readonly (readonly [name: string, value: string])[];
  /** Contents of the secrets that are variables. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Where the secrets are that are files. */
  readonly credentialsDirectory: string | undefined;
  /** The daemon's own: of use where the definition has it inherited, and else never. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
}

/**
 * The environment of a process, as `NAME=value`: what each process has, the files', the definition's own, secrets. Nothing of the daemon's
 * gets in that is not asked for. @throws LaunchError `environment` for a reference to what there is not
 */
export function environmentOf(process: ProcessDefinition, parts: EnvironmentParts): readonly string[] {
  const variables = new Map([...baseOf(process, parts), ...parts.fromFiles]);
  const before = new Map(variables);
  for (const [name, template] of process.environment) variables.set(name, expand(process, name, template, before));
  for (const [name, secret] of parts.secrets) variables.set(name, secret);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

function baseOf(process: ProcessDefinition, { account, credentialsDirectory, inherited }: EnvironmentParts): readonly (readonly [string, string])[] {
  const { entry } = account;
  const all = process.inheritEnvironment ? Object.entries(inherited).filter((each): each is [string, string] => each[1] !== undefined) : [];
  const ofUser = entry === undefined || process.user === undefined ? [] : [['USER', entry.name], ['LOGNAME', entry.name], ['SHELL', entry.shell]] as const;
  const ofSystem = [['PATH', PATH], ['LANG', LANG], ['HOME', entry?.home ?? '/']] as const;
  // An image says these itself.
  const isOfImage = process.kind.is === 'image';
  return [
    ...(isOfImage ? [] : ofSystem),
    ...all,
    ...(isOfImage || process.user === undefined ? [] : [['HOME', entry?.home ?? '/'] as const]),
    ...ofUser,
    ['HOLDFAST_PROCESS_NAME', process.process],
    ['HOLDFAST_GROUP_NAME', process.group],
    ['HOLDFAST_PROGRAM_NAME', process.program],
    ['HOLDFAST_PROCESS_NUM', String(process.number)],
    // For libraries that look whether supervisord has started them.
    ['SUPERVISOR_ENABLED', '1'],
    ['SUPERVISOR_PROCESS_NAME', process.process],
    ['SUPERVISOR_GROUP_NAME', process.group],
    // Most event listeners, superlance's among them, end at once without it, also those that ask for nothing there.
    ...(process.listener === undefined ? [] : [['SUPERVISOR_SERVER_URL', NO_SERVER_URL] as const]),
    ...(credentialsDirectory === undefined ? [] : [['CREDENTIALS_DIRECTORY', credentialsDirectory] as const]),
  ];
}

function expand(process: ProcessDefinition, name: string, template: string, variables: ReadonlyMap<string, string>): string {
  const valueOf = (each: string): string | undefined => process.builtIns.get(each) ?? variables.get(each);
  for (const inner of referencesOf(template)) {
    const reference = parseReference(inner);
    if (reference === undefined || valueOf(reference.name) === undefined) {
      throw new LaunchError('environment', process.fullName, `environment: ${name}: \${${inner}} is neither in the environment files nor built in`);
    }
  }
  return expandTemplate(template, valueOf);
}
