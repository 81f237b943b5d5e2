import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitStatus } from '../../exit-status';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

/** Where programs are defined. */
export const PROGRAMS_DIRECTORY = '/etc/holdfast/programs';

export function defineCheck(program: Verb, tool: Tool): void {
  program
    .verb('check', {
      group: 'Define',
      summary: 'looks whether definitions are right; wants no daemon',
      example: 'check web.toml db.toml',
      statuses: '1 something is wrong',
    })
    .argument('[file...]', `definition files, and directories of them, looked at together (default: ${PROGRAMS_DIRECTORY})`)
    .option('--json', 'print an object')
    .action((files: string[], options: { readonly json?: boolean }) => check(tool, files, options.json === true));
}

async function check(tool: Tool, names: readonly string[], asJson: boolean): Promise<void> {
  const [{ errorLine }, { DefinitionDirectory, readDefinitionFiles }, { bringTogether, noDefinitions }] = await Promise.all([
    import('../../../agent/definitions/errors'),
    import('../../../agent/definitions/read-directory'),
    import('../../../agent/definitions/set'),
  ]);
  const paths = (names.length === 0 ? [PROGRAMS_DIRECTORY] : names).map((name) => resolve(name));
  const directories = names.length === 0 ? paths : paths.filter(isDirectory);
  const files = [
    ...(await Promise.all(directories.map((path) => new DefinitionDirectory(path).read()))).flat(),
    ...(await readDefinitionFiles(paths.filter((path) => !directories.includes(path)))),
  ];
  const { programs, errors } = bringTogether(noDefinitions, files);
  if (errors.length > 0) tool.finish(exitStatus.failed);
  if (asJson) {
    tool.printJson({ files: files.length, programs: programs.size, errors: errors.map(errorLine) });
    return;
  }
  for (const error of errors) tool.print(`ERROR: ${errorLine(error)}`);
  const counts = `${counted(files.length, 'file')}, ${counted(programs.size, 'program')}`;
  if (errors.length === 0) {
    tool.print(`${counts}, no error`);
    return;
  }
  tool.print(`${counts}, ${counted(errors.length, 'error')}`);
}

/** What cannot be looked at is none: why it cannot be read is told in its turn. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function counted(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`;
}
