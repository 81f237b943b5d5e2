import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errorLine } from '../../agent/definitions/errors';
import { processesOf } from '../../agent/definitions/processes';
import { readDefinitionFile } from '../../agent/definitions/read-file';
import { bringTogether, noDefinitions } from '../../agent/definitions/set';
import { CtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { runningPid } from './already-running';
import { type Imported, importConfiguration } from './import';
import { ConfigurationError } from './ini';
import { readConfiguration } from './read-conf';
import type { Tool } from '../tool';

/** Writes definition files for a configuration of supervisord. Nothing is written where a file is there already. */
export function importFile(tool: Tool, file: string, output: string): void {
  const { files, lines } = importedOf(file, tool.io.env);
  const directory = resolve(output);
  const there = [...files.keys()].find((name) => existsSync(join(directory, name)));
  if (there !== undefined) throw new CtlError('local', `${join(directory, there)} is there already`, { hint: 'Choose another directory: -o DIRECTORY' });
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(directory, name), text, { flag: 'wx' });
  for (const line of lines) tool.print(line);
  const { programs, errors } = bringTogether(noDefinitions, [...files].map(([name, text]) => readDefinitionFile(join(directory, name), text)));
  for (const error of errors) tool.print(`ERROR: ${errorLine(error)}`);
  if (errors.length > 0) tool.finish(exitStatus.failed);
  for (const process of [...programs.values()].flatMap((program) => processesOf(program))) {
    const pid = runningPid(process.command);
    if (pid !== undefined) tool.hint(`${process.fullName} runs already, as pid ${String(pid)}: stop it there before you start it here.`);
  }
  tool.hint("Programs do not get the daemon's environment: what they need of it is to stand in environment, or inherit_environment = true.");
}

function importedOf(file: string, env: Readonly<Record<string, string | undefined>>): Imported {
  try {
    return importConfiguration(readConfiguration(file), env);
  } catch (error) {
    if (error instanceof ConfigurationError) throw new CtlError('local', error.message, { cause: error });
    throw error;
  }
}
