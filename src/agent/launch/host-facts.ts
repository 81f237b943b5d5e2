import { readFile } from 'node:fs/promises';
import { isMissing } from '../../runtime/state-dir/read-file';
import { messageOf } from '../../sys/thrown';
import type { EnvironmentFile, ProcessDefinition } from '../definitions/definition';
import { type Account, findAccount } from './account';
import { LaunchError } from './errors';
import type { EnvironmentParts } from './environment';
import { parseEnvironmentFile } from './environment-file';

/** How files are read; given, so that what a definition names is read where a hang harms nobody. @param root the path is one of a program with that root */
export type ReadText = (path: string, root?: string) => Promise<string>;

/** On a thread of the pool. */
export const readHostText: ReadText = (path) => readFile(path, 'utf8');

/** A bundle says itself who it runs as, and an image who is who in it. */
const nobodyElse: Account = { uid: 0, gid: 0, additionalGids: [], entry: undefined };

/** What a start has to look up. */
export interface HostFacts extends Pick<EnvironmentParts, 'account' | 'fromFiles' | 'secrets'> {
  readonly account: Account;
}

/** Looks it up, anew at each start. @throws LaunchError for the first thing that is not as it is to be */
export async function lookUp(process: ProcessDefinition, read: ReadText = readHostText): Promise<HostFacts> {
  const account = await accountOf(process, read);
  const fromFiles: (readonly [string, string])[] = [];
  for (const file of process.environmentFiles) fromFiles.push(...await readVariables(process, file, read));
  const secrets = new Map<string, string>();
  for (const { name, file, as } of process.secrets) {
    if (as === 'environment') secrets.set(name, await readSecret(process, name, file, read));
  }
  return { account, fromFiles, secrets };
}

/** Whom it runs as. Of a container those that its own root knows: one without such files knows numbers alone. */
export async function accountOf(process: ProcessDefinition, read: ReadText): Promise<Account> {
  const { kind } = process;
  if (kind.is === 'bundle' || kind.is === 'image') return nobodyElse;
  const paths = ['/etc/passwd', '/etc/group'];
  const [passwd = '', group = ''] = await Promise.all(kind.is === 'host' ? paths.map((path) => read(path)) : paths.map((path) => readIfThere(read, path, kind.rootfs)));
  return kind.is === 'host'
    ? findAccount(process, { passwd, group, where: 'on this host' }, ownUid())
    : findAccount(process, { passwd, group, where: `in ${kind.rootfs}` }, 0);
}

async function readIfThere(read: ReadText, path: string, root: string): Promise<string> {
  try {
    return await read(path, root);
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}

function ownUid(): number {
  return process.geteuid?.() ?? 0;
}

async function readVariables({ fullName }: ProcessDefinition, { path, optional }: EnvironmentFile, read: ReadText): Promise<readonly (readonly [string, string])[]> {
  let text: string;
  try {
    text = await read(path);
  } catch (cause) {
    if (optional && isMissing(cause)) return [];
    throw new LaunchError('environment-file', fullName, `environment_file: ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  const content = parseEnvironmentFile(text);
  if ('variables' in content) return content.variables;
  throw new LaunchError('environment-file', fullName, `environment_file: ${path}:${String(content.error.line)}: ${content.error.problem}`);
}

/** A newline at its end is its editor's. Its content is in no message. */
async function readSecret({ fullName }: ProcessDefinition, name: string, file: string, read: ReadText): Promise<string> {
  let text: string;
  try {
    text = await read(file);
  } catch (cause) {
    throw new LaunchError('secret', fullName, `secrets: ${name}: its file cannot be read: ${messageOf(cause)}`, { cause });
  }
  const value = text.replace(/\r?\n$/, '');
  if (value.includes('\0')) throw new LaunchError('secret', fullName, `secrets: ${name}: a NUL is in it: no variable can hold it`);
  return value;
}
