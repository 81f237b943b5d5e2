import type { TomlValue } from '../../agent/definitions/effective';
import { splitWords } from '../../runtime/text/words';
import { parseVariables } from './environment';
import type { ProgramSection } from './program-section';

export type Keys = Record<string, TomlValue | undefined>;

const byteUnits: Readonly<Record<string, string>> = { kb: 'k', mb: 'm', gb: 'g' };

/** The keys of a definition for a section of supervisord's. What has no equal is told to the section. */
export function programKeys(section: ProgramSection): Keys {
  return {
    command: commandOf(section),
    process_name: section.has('process_name') && section.text('process_name') !== '${program_name}' ? section.text('process_name') : undefined,
    numprocs: section.number('numprocs'),
    numprocs_start: section.number('numprocs_start'),
    directory: section.text('directory') ?? section.daemon('directory'),
    umask: section.text('umask') ?? section.daemon('umask'),
    user: section.text('user') ?? section.daemon('user'),
    environment: environmentOf(section),
    priority: priorityOf(section),
    autostart: section.flag('autostart'),
    autorestart: autorestartOf(section),
    exitcodes: section.text('exitcodes')?.split(',').map(Number),
    startsecs: section.number('startsecs'),
    // Its default is not ours: who comes from there has it as it was.
    startretries: section.number('startretries') ?? 3,
    stopsignal: section.text('stopsignal')?.toUpperCase(),
    stopwaitsecs: section.number('stopwaitsecs'),
    kill_mode: killModeOf(section),
    log: logOf(section),
  };
}

function commandOf(section: ProgramSection): TomlValue | undefined {
  const text = section.text('command')?.replaceAll('\n', ' ');
  const words = text === undefined ? undefined : splitWords(text);
  if (text !== undefined && words === undefined) section.drop('command', 'a quote is not closed');
  return words;
}

function environmentOf(section: ProgramSection): TomlValue | undefined {
  const own = section.text('environment') ?? '';
  const all = [section.daemon('environment') ?? '', own].flatMap((text) => {
    const variables = parseVariables(text);
    if (variables === undefined) section.drop('environment', 'expected KEY="value",OTHER="value"');
    return variables === undefined ? [] : [variables];
  });
  const merged = Object.assign({}, ...all) as Readonly<Record<string, string>>;
  return Object.keys(merged).length === 0 ? undefined : merged;
}

/** Ours begins with 0; event listeners come first there, with -1. */
function priorityOf(section: ProgramSection): number | undefined {
  const priority = section.number('priority') ?? (section.isListener ? -1 : undefined);
  return priority === undefined ? undefined : Math.max(0, priority);
}

function autorestartOf(section: ProgramSection): TomlValue | undefined {
  const text = section.text('autorestart')?.toLowerCase();
  return text === undefined || text === 'unexpected' ? text : section.flag('autorestart');
}

/** There a stop goes to the process alone where nothing is said. SIGKILL reaches all of it here, always. */
function killModeOf(section: ProgramSection): string | undefined {
  section.flag('killasgroup');
  return section.flag('stopasgroup') === true ? undefined : 'process';
}

function logOf(section: ProgramSection): TomlValue | undefined {
  const isJoined = section.flag('redirect_stderr') === true;
  const stdout = targetOf(section, 'stdout_logfile');
  const own = targetOf(section, 'stderr_logfile');
  // Both are in one file of ours where they are kept.
  const stderr = isJoined ? stdout : own;
  const isKept = stdout === 'keep' || stderr === 'keep';
  const size = sizeOf(section);
  const backups = section.number('stdout_logfile_backups') ?? section.number('stderr_logfile_backups');
  if (!isKept && section.has('stdout_logfile_maxbytes')) section.drop('stdout_logfile_maxbytes', 'a file of your own is not rotated; stdout_logfile=AUTO is kept, and is');
  if ((stdout === 'null' && stderr === 'keep') || (stdout === 'keep' && stderr === 'null')) {
    section.drop(stdout === 'null' ? 'stdout_logfile' : 'stderr_logfile', 'what is kept of one stream is kept of both');
    return { max_size: size, max_files: backups === undefined ? undefined : backups + 1 };
  }
  const log = {
    max_size: isKept ? size : undefined,
    max_files: isKept && backups !== undefined ? backups + 1 : undefined,
    stdout: stdout === 'keep' ? undefined : stdout,
    stderr: stderr === 'keep' ? undefined : stderr,
  };
  return Object.values(log).every((value) => value === undefined) ? undefined : log;
}

function targetOf(section: ProgramSection, key: string): string {
  const text = section.text(key) ?? 'AUTO';
  if (text.toUpperCase() === 'AUTO') return 'keep';
  if (text.toUpperCase() === 'NONE') return 'null';
  if (text.toLowerCase() === 'syslog' || /^\/dev\/(?:std(?:out|err)|fd\/\d+)$/.test(text)) {
    section.drop(key, `${text} is the daemon's own; it is kept instead: holdfastctl logs`);
    return 'keep';
  }
  return text.startsWith('/') ? text : `${section.here}/${text}`;
}

function sizeOf(section: ProgramSection): TomlValue | undefined {
  const text = section.text('stdout_logfile_maxbytes') ?? section.text('stderr_logfile_maxbytes');
  if (text === undefined) return undefined;
  const [, number = '', unit = ''] = /^(\d+)\s*(kb|mb|gb)?$/i.exec(text) ?? [];
  if (number === '' || number === '0') {
    section.drop('stdout_logfile_maxbytes', 'what is kept has a bound');
    return undefined;
  }
  return unit === '' ? Math.max(4096, Number(number)) : `${number}${byteUnits[unit.toLowerCase()] ?? ''}`;
}
