import { version as ownVersion } from '../../../package.json';
import { Help } from 'commander';
import { DEFAULT_ADDRESS } from '../daemon/address';
import { firstWord } from './command-words';
import { commands, commandsFor } from './registry';
import type { Tool } from '../tool';
import { Verb, formatHelp, narrowestHelp, writingTo } from '../verb';

/** The command line with all of its verbs, given what they need. @param args where it is for these alone: without the verbs that they do not want */
export async function makeProgram(tool: Tool, args?: readonly string[]): Promise<Verb> {
  const { io } = tool;
  const program = new Verb('holdfastctl');
  program
    .description('Starts, watches and ends the containers of a holdfastd.')
    .version(`holdfastctl version ${ownVersion}`, '-V, --version', "this program's version (the command: the daemon's too)")
    .option('-s, --address <socket>', `the daemon's unix socket (or HOLDFAST_ADDRESS; default ${DEFAULT_ADDRESS})`)
    .option('--no-color', 'no colours (or NO_COLOR)')
    .argument('[command]')
    .helpCommand(false)
    .showHelpAfterError('(holdfastctl help says more)')
    .configureHelp({ formatHelp: formatHelp(Help.prototype.formatHelp), minWidthToWrap: narrowestHelp })
    .exitOverride()
    .configureOutput(writingTo(io));
  const wanted = args === undefined ? commands : isForVersion(args) ? [] : commandsFor(firstWord(args, program));
  for (const define of await Promise.all(wanted.map(({ load }) => load()))) define(program, tool);
  defineHelp(program, tool);
  defineLeaving(program, tool);
  return program;
}

function isForVersion(args: readonly string[]): boolean {
  return args.length === 1 && ['--version', '-V', '-v'].includes(args[0] ?? '');
}

function defineHelp(program: Verb, tool: Tool): void {
  program.command('help [command]', { hidden: true }).action((word: string | undefined) => {
    const about = word === undefined ? program : program.commands.find((command) => command.name() === word || command.aliases().includes(word));
    if (about === undefined) tool.print(`*** No help on ${String(word)}`);
    else about.outputHelp();
  });
}

/** The shell's, which supervisorctl takes everywhere. */
function defineLeaving(program: Verb, tool: Tool): void {
  for (const word of ['exit', 'quit']) program.command(word, { hidden: true }).description('leaves the shell').action(() => { tool.print(''); });
}
