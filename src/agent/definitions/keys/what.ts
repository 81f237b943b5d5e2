import { type EnvironmentFile, type Kind, type Secret, type Settings, pullPolicies } from '../definition';
import type { TableReader } from '../table-reader';
import { kindOf } from '../table-reader';
import { isText, readAbsolutePath, readImage, readOctal, readWords } from '../values';

type What = Pick<
  Settings,
  | 'kind' | 'command' | 'shell' | 'directory' | 'umask' | 'user' | 'userGroup' | 'extraGroups' | 'environment' | 'environmentFiles'
  | 'inheritEnvironment' | 'secrets' | 'terminal' | 'stdin' | 'labels' | 'description'
>;

/** What is run. */
export function readWhat(table: TableReader): What {
  const shell = table.flag('shell') ?? false;
  const kind = readKind(table);
  return {
    kind,
    command: readCommand(table, shell),
    shell,
    directory: table.read('directory', readAbsolutePath) ?? (kind.is === 'image' ? '' : '/'),
    umask: readUmask(table) ?? 0o022,
    user: readNameOrNumber(table, 'user'),
    userGroup: readNameOrNumber(table, 'group'),
    extraGroups: table.texts('extra_groups'),
    environment: readEnvironment(table),
    environmentFiles: readEnvironmentFiles(table),
    inheritEnvironment: table.flag('inherit_environment') ?? false,
    secrets: readSecrets(table),
    terminal: table.flag('terminal') ?? false,
    stdin: table.oneOf('stdin', ['null', 'open']) ?? 'null',
    labels: table.map('labels') ?? new Map(),
    description: table.text('description'),
  };
}

function readKind(table: TableReader): Kind {
  const bundle = table.read('bundle', readAbsolutePath);
  const rootfs = table.read('rootfs', readAbsolutePath);
  const image = table.read('image', readImage);
  const pull = table.oneOf('pull', pullPolicies) ?? 'missing';
  const pidNamespace = table.flag('pid_namespace') ?? false;
  if (table.has('pull') && image === undefined) table.complain('contradiction', 'pull', `${table.name}: pull is for an image`);
  if (bundle !== undefined) return { is: 'bundle', bundle };
  if (image !== undefined) return { is: 'image', image, pull };
  return rootfs === undefined ? { is: 'host', pidNamespace } : { is: 'rootfs', rootfs };
}

function readCommand(table: TableReader, shell: boolean): readonly string[] {
  if (!table.has('command') && !table.has('bundle') && !table.has('image')) table.complain('contradiction', undefined, `${table.name}: command is missing`);
  if (!shell) return table.read('command', readWords) ?? [];
  const script = table.read('command', (value) => (isText(value) && value.trim() !== '' ? { value } : { problem: `with shell = true it is a string, not ${kindOf(value)}` }));
  return script === undefined ? [] : [script];
}

/** As supervisord's: octal, as a text (`"022"`), or as TOML's `0o022`. */
function readUmask(table: TableReader): number | undefined {
  return table.read('umask', readOctal);
}

/** Of a user or group. */
export function readNameOrNumber(table: TableReader, key: string): string | undefined {
  return table.read(key, (value) => {
    const text = typeof value === 'number' && Number.isInteger(value) && value >= 0 ? String(value) : value;
    return isText(text) && /^[^:\s/]+$/.test(text) ? { value: text } : { problem: `expected a name or a number, not ${kindOf(value)}` };
  });
}

function readEnvironment(table: TableReader): ReadonlyMap<string, string> {
  const variables = table.map('environment') ?? new Map<string, string>();
  for (const name of variables.keys()) {
    if (name === '' || /[=\0]/.test(name)) table.complain('bad-value', 'environment', `${table.name}: environment: ${JSON.stringify(name)} is no name of a variable`);
  }
  return variables;
}

/** A text, or several; one that begins with `-` may be missing. */
function readEnvironmentFiles(table: TableReader): readonly EnvironmentFile[] {
  return table.read('environment_file', (value) => {
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
    const files: EnvironmentFile[] = [];
    for (const text of texts) {
      const optional = typeof text === 'string' && text.startsWith('-');
      const path = readAbsolutePath(optional ? text.slice(1) : text);
      if ('problem' in path) return path;
      files.push({ path: path.value, optional });
    }
    return { value: files };
  }) ?? [];
}

function readSecrets(table: TableReader): readonly Secret[] {
  const secrets = table.inner('secrets');
  const read = Object.keys(secrets?.table ?? {}).flatMap((name): readonly Secret[] => {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) secrets?.complain('bad-value', name, `${table.name}: secrets: ${JSON.stringify(name)} cannot be the name of a file`);
    if (typeof secrets?.table[name] === 'string') {
      const file = secrets.read(name, readAbsolutePath);
      return file === undefined ? [] : [{ name, file, as: 'file' }];
    }
    const inner = secrets?.inner(name);
    const file = inner?.read('file', readAbsolutePath);
    const as = inner?.oneOf('as', ['file', 'environment']) ?? 'file';
    if (inner?.has('file') === false) inner.complain('contradiction', undefined, `${inner.name}: file is missing`);
    inner?.end();
    return file === undefined ? [] : [{ name, file, as }];
  });
  secrets?.end();
  return read;
}
