import type { ProcessDefinition } from '../definitions/definition';

/** What a shell does itself, or what cannot stand behind `exec`. */
const shellsOwn = new Set([
  '.', ':', '!', '{', '[', 'alias', 'bg', 'break', 'case', 'cd', 'command', 'continue', 'do', 'echo', 'eval', 'exec', 'exit', 'export', 'false', 'fg', 'for', 'function',
  'getopts', 'hash', 'if', 'jobs', 'kill', 'let', 'local', 'printf', 'pwd', 'read', 'readonly', 'return', 'set', 'shift', 'source', 'test', 'time', 'times', 'trap', 'true', 'type',
  'ulimit', 'umask', 'unalias', 'unset', 'until', 'wait', 'while',
]);

/** The words that are executed. */
export function argumentsOf({ command, shell }: Pick<ProcessDefinition, 'command' | 'shell'>): readonly string[] {
  if (!shell) return command;
  const [script = ''] = command;
  return ['/bin/sh', '-c', isSimple(script) ? `exec ${script.trim()}` : script];
}

/** One program and its words: then the shell can become it, and signals reach it. */
function isSimple(script: string): boolean {
  if (/[;&|<>()`{}\n\\#]|\$\(/.test(script)) return false;
  const [first = ''] = script.trim().split(/\s/);
  return /^[A-Za-z0-9_./-]+$/.test(first) && !shellsOwn.has(first);
}
