/** A section of an INI file: keys in lower case with their values, in the order in which they stand. */
export interface IniSection {
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
}

/** A configuration that cannot be imported. The message says what is where. */
export class ConfigurationError extends Error {}

/** A text that is no INI file. */
export class IniError extends ConfigurationError {
  constructor(readonly file: string, readonly line: number, problem: string) {
    super(`${file}:${String(line)}: ${problem}`);
    this.name = 'IniError';
  }
}

const comment = /^\s*[;#]/;
const header = /^\[([^\]]+)\]/;
const option = /^\s*([^:=\s][^:=]*?)\s*[:=]\s*(.*)$/;

/**
 * Reads a file as supervisord does, with Python's RawConfigParser (docs.python.org, "configparser"; `inline_comment_prefixes=(';', '#')`,
 * `strict=False`): comments are whole lines, or come after a blank; a line that is indented more than its key goes on with the value; what comes again counts
 * instead of what came before. @throws IniError
 */
export function parseIni(file: string, text: string): readonly IniSection[] {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  let keyIndent = 0;
  for (const [at, raw] of text.replace(/^\uFEFF/, '').split(/\r?\n/).entries()) {
    if (comment.test(raw)) continue;
    const line = withoutComment(raw);
    const indent = line.search(/\S/);
    if (indent < 0) continue;
    if (section !== undefined && key !== undefined && indent > keyIndent) {
      section.set(key, `${section.get(key) ?? ''}\n${line.trim()}`);
      continue;
    }
    const name = header.exec(line.trim())?.[1];
    if (name !== undefined) {
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      key = undefined;
      continue;
    }
    if (section === undefined) throw new IniError(file, at + 1, `expected a section such as [program:web], found ${JSON.stringify(line.trim())}`);
    const [, name_ = '', value = ''] = option.exec(line) ?? [];
    if (name_ === '') throw new IniError(file, at + 1, `expected KEY=VALUE, found ${JSON.stringify(line.trim())}`);
    key = name_.toLowerCase();
    keyIndent = indent;
    section.set(key, value.trim());
  }
  return [...sections].map(([name, values]) => ({ name, values }));
}

/** A comment within a line has a blank before it. */
function withoutComment(line: string): string {
  const at = line.search(/\s[;#]/);
  return at < 0 ? line : line.slice(0, at);
}
