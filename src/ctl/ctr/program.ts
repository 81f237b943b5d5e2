import { version as ownVersion } from '../../../package.json';
import { APIService } from '../../api/gen/legacy/api';
import { DEFAULT_ADDRESS } from '../daemon/address';
import type { Tool } from '../tool';
import { Verb, writingTo } from '../verb';
import { withLegacy } from './ask';
import { defineCheckpoints } from './checkpoints';
import { defineContainers } from './containers';
import { defineEvents } from './events';
import { defineState } from './state';

/** The command line under the name `docker-containerd-ctr`: flags and forms of the program that had it. */
export function makeCtrProgram(tool: Tool, name: string): Verb {
  const program = new Verb(name);
  program
    .description("The command line of containerd 0.2's API.")
    .enablePositionalOptions()
    .version(`${name} version ${ownVersion}`, '-v, --version', "this program's version")
    .option('--debug', 'as ever')
    .option('--address <socket>', `the daemon's unix socket (default ${DEFAULT_ADDRESS})`)
    .option('--conn-timeout <duration>', 'as ever: a daemon that is not there is said at once')
    .configureOutput(writingTo(tool.io))
    .exitOverride();
  defineCheckpoints(program, tool);
  defineContainers(program, tool);
  defineEvents(program, tool);
  defineState(program, tool);
  program.verb('version', { group: 'Daemon', summary: "shows the daemon's version", example: 'version' }).action(async () => {
    const { major, minor, patch, revision } = await withLegacy(tool, (api) => api.ask(APIService.getServerVersion, {}));
    tool.print(`daemon version ${String(major)}.${String(minor)}.${String(patch)} commit: ${revision}`);
  });
  return program;
}
