import type { Tool } from '../../tool';
import type { Verb } from '../../verb';
import { PROGRAMS_DIRECTORY } from './check';

export function defineImport(program: Verb, tool: Tool): void {
  program
    .verb('import', {
      group: 'Define',
      summary: "makes definition files of supervisord's configuration, and names what has no equal",
      example: 'import /etc/supervisor/supervisord.conf -o /etc/holdfast/programs',
      statuses: '1 something is wrong with the configuration, or a file is there already',
    })
    .argument('<file>', 'supervisord.conf')
    .option('-o, --output <directory>', 'where the files are written', PROGRAMS_DIRECTORY)
    .action(async (file: string, { output }: { readonly output: string }) => {
      const { importFile } = await import('../../import/run');
      importFile(tool, file, output);
    });
}
