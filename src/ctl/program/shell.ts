import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { makeProgram } from './program';
import { exitStatus } from '../exit-status';
import { splitWords } from '../../runtime/text/words';
import { shellWords } from './shell-words';
import type { Tool } from '../tool';
import type { Verb } from '../verb';

const mostHistory = 1000;
/** What is a word here, and no verb. */
const leaving = ['help', 'exit', 'quit'];

/**
 * Lines that come through a pipe, each a command line: no prompt, nothing is asked.
 * @param runLine runs a line's words @returns the first failure's exit status; undefined where there was no line
 */
export async function runLines({ io, explain }: Tool, runLine: (words: readonly string[]) => Promise<number>): Promise<number | undefined> {
  let first: number | undefined;
  for await (const line of createInterface({ input: io.stdin, terminal: false })) {
    if (line.trim() === '') continue;
    const words = splitWords(line);
    if (words === undefined) explain('a quote is not closed');
    if (words?.[0] === 'exit' || words?.[0] === 'quit') return first ?? exitStatus.ok;
    const status = words === undefined ? exitStatus.invalidArguments : await runLine(words);
    if (status === exitStatus.interrupted) return status;
    if (first === undefined || first === exitStatus.ok) first = status;
  }
  return first;
}

/**
 * Verbs at a prompt, `status` first. Tab completes verbs and names; Ctrl-C clears the line, Ctrl-D leaves.
 * @param runLine runs a line's words @returns the exit status
 */
export async function shell(tool: Tool, runLine: (words: readonly string[]) => Promise<number>): Promise<number> {
  const { io } = tool;
  const program = await makeProgram(tool);
  const verbs = [...program.verbs.flatMap((verb) => [verb.name(), ...verb.aliases()]), ...leaving];
  /** Once another daemon has been opened: of that one. */
  let address: readonly string[] = [];
  await runLine(['status']);
  const historyFile = join(io.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'holdfast/history');
  let history = readHistory(historyFile);
  for (;;) {
    // One for each line: a verb has the terminal to itself.
    const line = await ask(tool, history, await completerOf(tool, program));
    if (line === undefined) return exitStatus.ok;
    if (line.trim() === '') continue;
    history = [line, ...history.filter((before) => before !== line)].slice(0, mostHistory);
    writeHistory(historyFile, history);
    const words = splitWords(line);
    if (words === undefined) {
      tool.explain('a quote is not closed');
      continue;
    }
    const [verb = ''] = words;
    if (verb === 'exit' || verb === 'quit') return exitStatus.ok;
    if (verbs.includes(verb)) {
      const status = await runLine([...address, ...words]);
      if (verb === 'open' && words[1] !== undefined && status !== exitStatus.failed) address = ['--address', words[1]];
    }
    else tool.print(`*** Unknown syntax: ${line.trim()}`);
  }
}

/** Undefined at the end of input; empty where the line was taken back. */
async function ask({ io }: Tool, history: readonly string[], completer: (line: string) => [string[], string]): Promise<string | undefined> {
  const lines = createInterface({ input: io.stdin, output: io.stdout, completer, history: [...history], historySize: mostHistory, terminal: true });
  const abort = new AbortController();
  try {
    return await new Promise<string | undefined>((resolve) => {
      lines.once('close', () => { resolve(undefined); });
      lines.once('SIGINT', () => {
        io.stdout.write('^C\n');
        resolve('');
      });
      lines.question('holdfast> ', { signal: abort.signal }).then(resolve, () => undefined);
    });
  } finally {
    abort.abort();
    lines.close();
  }
}

async function completerOf(tool: Tool, program: Verb): Promise<(line: string) => [string[], string]> {
  const containers = await tool.connect().then((daemon) => daemon.containers()).catch(() => []);
  return (line) => {
    const words = line.trimStart().split(/\s+/);
    return [shellWords(program, leaving, containers, words).map((word) => `${word} `), words.at(-1) ?? ''];
  };
}

function readHistory(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').reverse();
  } catch {
    return [];
  }
}

/** A shell without a history is one all the same. */
function writeHistory(file: string, history: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${[...history].reverse().join('\n')}\n`, { mode: 0o600 });
  } catch {
    // The home directory is read-only, or full.
  }
}
