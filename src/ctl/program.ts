import { version as ownVersion } from '../../package.json';
import { Help } from 'commander';
import { DEFAULT_ADDRESS } from './address';
import { commands } from './registry';
import type { Tool } from './tool';
import { Verb, formatHelp, writingTo } from './verb';

/** The command line with all of its verbs, given what they need. */
export function makeProgram(tool: Tool): Verb {
  const { io } = tool;
  const program = new Verb('holdfastctl');
  program
    .description('Starts, watches and ends the containers of a holdfastd.')
    .version(`holdfastctl version ${ownVersion}`, '-V, --version', "this program's version (the command: the daemon's too)")
    .option('-s, --address <socket>', `the daemon's unix socket (or HOLDFAST_ADDRESS; default ${DEFAULT_ADDRESS})`)
    .option('--no-color', 'no colours (or NO_COLOR)')
    .argument('[command]')
    .helpCommand('help [command]', 'what a command does and takes')
    .showHelpAfterError('(holdfastctl help says more)')
    .configureHelp({ formatHelp: formatHelp(Help.prototype.formatHelp) })
    .exitOverride()
    .configureOutput(writingTo(io));
  for (const define of commands) define(program, tool);
  return program;
}
