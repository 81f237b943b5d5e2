import type { Image } from '../../../api/gen/holdfast/v1/images';
import { formatSize } from '../../../runtime/text/size';
import { imageJson, shortName } from '../../json/image';
import { formatShort } from '../../text/duration';
import { secondsSince } from '../../text/moment';
import { type Column, tableLines } from '../../text/table';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

interface ImagesOptions {
  readonly header: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function defineImages(program: Verb, tool: Tool): void {
  program
    .verb('images', { group: 'Images', summary: 'shows images that programs can be run from', example: 'images --json' })
    .argument('[names...]', 'these alone')
    .option('--no-header', 'without the heading')
    .option('-q, --quiet', 'names alone')
    .option('--json', 'print an array of objects')
    .action((names: string[], options: ImagesOptions) => images(tool, names, options));
}

async function images(tool: Tool, names: readonly string[], { header, json, quiet }: ImagesOptions): Promise<void> {
  const found = await (await tool.connect()).images.list(names);
  if (json === true) tool.printJson(found.map(imageJson));
  else if (quiet === true) for (const { name } of found) tool.print(shortName(name));
  else for (const line of tableLines(found, columnsOf(Date.now()), { width: tool.width, leaving: ['DIGEST', 'LOADED'], header })) tool.print(line);
}

function columnsOf(nowMs: number): readonly Column<Image>[] {
  return [
    { heading: 'NAME', least: 12, cell: ({ name }) => shortName(name) },
    { heading: 'DIGEST', cell: ({ digest }) => digest.replace(/^sha256:(.{12}).*/, '$1') },
    { heading: 'SIZE', cell: ({ size_bytes: size }) => (size === 0n ? '-' : formatSize(Number(size))) },
    { heading: 'LOADED', cell: ({ updated_at: at }) => (at === undefined ? '-' : `${formatShort(secondsSince(at, nowMs))} ago`) },
  ];
}
