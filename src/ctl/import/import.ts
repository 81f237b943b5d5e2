import { eventTypes, whyUntold } from '../../agent/definitions/listener';
import { renderToml } from '../../agent/definitions/render';
import { ConfigurationError, type IniSection } from './ini';
import { type Keys, programKeys } from './program-keys';
import { ProgramSection } from './program-section';
import type { Configuration } from './read-conf';

/** What has been made of a configuration of supervisord. */
export interface Imported {
  /** Names of files to their text. */
  readonly files: ReadonlyMap<string, string>;
  /** What to tell: where each section went to, and what did not go anywhere. */
  readonly lines: readonly string[];
}

type Table = Record<string, Keys>;

/** What only supervisord itself has a use for. */
const ofItself = /^(supervisord|supervisorctl|unix_http_server|inet_http_server|rpcinterface:.*|ctlplugin:.*)$/;

/** @param env of who imports: what `%(ENV_x)s` means @throws ConfigurationError where two would have one name */
export function importConfiguration({ here, sections }: Configuration, env: Readonly<Record<string, string | undefined>>): Imported {
  const tables = new Map<string, Table>();
  /** By what it is and its name here. */
  const headers = new Map<string, string>();
  const lines: string[] = [];
  const daemon = sections.find(({ name }) => name === 'supervisord')?.values ?? new Map<string, string>();
  const put = (header: string, name: string, section: string, keys: Keys): void => {
    const file = `${plainName(name)}.toml`;
    const table = tables.get(file) ?? {};
    const other = headers.get(`${section}:${plainName(name)}`);
    if (other !== undefined) throw new ConfigurationError(`[${other}] and [${header}] would both be ${plainName(name)} here: rename one of them`);
    headers.set(`${section}:${plainName(name)}`, header);
    tables.set(file, { ...table, [section]: { ...table[section], [plainName(name)]: keys } });
    lines.push(`[${header}] → ${file}`);
    if (plainName(name) !== name) lines.push(`[${header}]: ${JSON.stringify(name)} is no name here, it is ${plainName(name)} now`);
  };
  for (const { name: header, values } of sections) {
    const [kind = '', name = ''] = splitHeader(header);
    if (kind === 'program' || kind === 'eventlistener' || kind === 'fcgi-program') {
      const section = new ProgramSection(header, values, daemon, { here, numprocs: values.get('numprocs') ?? '1', env });
      put(header, name, kind === 'eventlistener' ? kind : 'program', { ...programKeys(section), ...keysOfKind(kind, section) });
      lines.push(...section.dropped().map(({ what, why }) => `${what}: ${why}`));
    } else if (kind === 'group') {
      put(header, name, 'group', groupKeys(values));
    } else {
      lines.push(...droppedOf({ name: header, values }));
    }
  }
  return { files: new Map([...tables].map(([file, table]) => [file, renderToml(table)])), lines };
}

function splitHeader(header: string): readonly [string, string] {
  const at = header.indexOf(':');
  return at < 0 ? [header, ''] : [header.slice(0, at), header.slice(at + 1).trim()];
}

/** What a group of ours, and the containers of its programs, can be called. */
function plainName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'program';
}

function keysOfKind(kind: string, section: ProgramSection): Keys {
  if (kind === 'eventlistener') {
    const events = section.text('events')?.split(',').map((event) => event.trim()).filter((event) => event !== '') ?? [];
    const unknown = events.filter((event) => !(eventTypes as readonly string[]).includes(event));
    if (unknown.length > 0) section.drop('events', `there is no ${unknown.join(', ')}`);
    const untold = events.filter((event) => whyUntold(event) !== undefined);
    for (const event of untold) section.drop('events', `nobody is told of ${event} here: ${whyUntold(event) ?? ''}`);
    return { events: events.filter((event) => !unknown.includes(event) && !untold.includes(event)) };
  }
  const socket = kind === 'fcgi-program' ? section.text('socket') : undefined;
  if (socket === undefined) return {};
  section.drop('socket', 'the program finds it as its descriptor 3 (LISTEN_FDS), not as its stdin');
  return { listen: { fcgi: socket } };
}

function groupKeys(values: ReadonlyMap<string, string>): Keys {
  const programs = (values.get('programs') ?? '').split(/[\s,]+/).filter((name) => name !== '').map(plainName);
  const priority = values.get('priority');
  return { programs, priority: priority === undefined ? undefined : Math.max(0, Number(priority)) };
}

/** Of supervisord itself nothing is told but what its programs may have counted on. */
function droppedOf({ name, values }: IniSection): readonly string[] {
  if (!ofItself.test(name)) return [`[${name}]: not supported, dropped`];
  if (name === 'inet_http_server') return [`[${name}]: not supported, dropped: holdfastctl speaks to the daemon by its socket`];
  const used = new Set(['environment', 'directory', 'umask', 'user']);
  return name === 'supervisord' ? [...values.keys()].filter((key) => !used.has(key)).map((key) => `[supervisord] ${key}: not supported, dropped`) : [];
}
