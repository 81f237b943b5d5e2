import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { RegistryLogin } from '../../api/gen/holdfast/v1/images';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import { CtlError } from '../errors';
import { loginOfHelper } from './login-helper';

/** Docker Hub as names of images have it, and by the names that docker keeps its login under. */
const HUB = 'docker.io';
const HUB_KEY = 'https://index.docker.io/v1/';
const hubHosts = new Set([HUB, 'index.docker.io', 'registry-1.docker.io']);

type Table = Readonly<Record<string, unknown>>;

/** What `docker login` has kept for this host, of whoever runs us; undefined where that is nothing. Of no other host anything is sent. @throws CtlError `local` */
export async function dockerLogin(host: string, env: Readonly<Record<string, string | undefined>>): Promise<RegistryLogin | undefined> {
  const path = join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker'), 'config.json');
  const config = readConfig(path);
  if (config === undefined) return undefined;
  const helper = textIn(entryOf(tableIn(config, 'credHelpers'), host)) || textIn(config['credsStore']);
  if (helper !== '') return loginOfHelper(helper, host === HUB ? HUB_KEY : host, path);
  const entry = entryOf(tableIn(config, 'auths'), host);
  return entry === undefined ? undefined : loginIn(tableOf(entry), `${path}: auths: ${host}`);
}

/** It holds passwords: what is wrong with it is said without a word of it. */
function readConfig(path: string): Table | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT' || errorCodeOf(cause) === 'ENOTDIR') return undefined;
    throw new CtlError('local', messageOf(cause), { cause });
  }
  try {
    return tableOf(JSON.parse(text));
  } catch {
    throw new CtlError('local', `${path}: it is no JSON`, { hint: 'docker login writes it anew.' });
  }
}

function loginIn(entry: Table, where: string): RegistryLogin | undefined {
  const login = { username: textIn(entry['username']), password: textIn(entry['password']), identity_token: textIn(entry['identitytoken']), registry_token: textIn(entry['registrytoken']) };
  const auth = Buffer.from(textIn(entry['auth']), 'base64').toString('utf8').replace(/\0+$/, '');
  if (auth !== '') {
    const colon = auth.indexOf(':');
    if (colon < 0) throw new CtlError('local', `${where}: auth has no name and password`, { hint: 'docker login writes it anew.' });
    login.username = auth.slice(0, colon);
    login.password = auth.slice(colon + 1);
  }
  return Object.values(login).every((text) => text === '') ? undefined : RegistryLogin.create(login);
}

/** Keys are hosts, or addresses of hosts. */
function entryOf(table: Table, host: string): unknown {
  const isOf = (key: string): boolean => {
    const [found = ''] = key.replace(/^https?:\/\//, '').split('/');
    return found === host || (host === HUB && hubHosts.has(found));
  };
  return table[host] ?? table[Object.keys(table).find(isOf) ?? ''];
}

function tableIn(table: Table, key: string): Table {
  return tableOf(table[key]);
}

function tableOf(value: unknown): Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
