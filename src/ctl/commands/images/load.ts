import { createReadStream, statSync } from 'node:fs';
import type { LoadProgress } from '../../../api/gen/holdfast/v1/images';
import { CtlError } from '../../errors';
import { shortName } from '../../json/image';
import { sizeOf } from '../../text/screen-size';
import { messageOf } from '../../../sys/thrown';
import type { Tool } from '../../tool';
import type { Verb } from '../../verb';

const PIECE_BYTES = 512 << 10;
const eraseLine = '\r\u001b[K';

interface LoadOptions {
  readonly name?: string;
}

export function defineLoad(program: Verb, tool: Tool): void {
  program
    .verb('load', { group: 'Images', summary: 'takes in images of an archive: docker save, or an OCI layout in a tar', example: 'load busybox.tar' })
    .argument('<file>', 'the archive, packed or not; - is our stdin')
    .option('--name <name>', 'what the only image in it is to be called')
    .action((file: string, options: LoadOptions) => load(tool, file, options));
}

async function load(tool: Tool, file: string, { name = '' }: LoadOptions): Promise<void> {
  const daemon = await tool.connect();
  const line = new LayerLine(tool);
  try {
    for await (const { progress, loaded } of daemon.images.load(piecesOf(tool, file), name)) {
      if (progress !== undefined) line.show(progress);
      if (loaded === undefined) continue;
      line.erase();
      tool.print(`${shortName(loaded.name)}: loaded`);
    }
  } finally {
    line.erase();
  }
}

/** @throws CtlError `local` */
async function* piecesOf(tool: Tool, file: string): AsyncGenerator<Buffer, void, undefined> {
  if (file === '-' && tool.io.stdin.isTTY === true) throw new CtlError('invalid-argument', 'stdin is a terminal', { hint: 'holdfastctl load - < FILE' });
  try {
    const source = file === '-' ? tool.io.stdin : await opened(file);
    for await (const piece of source as AsyncIterable<Buffer>) yield piece;
  } catch (cause) {
    const said = messageOf(cause);
    // A read does not say of what.
    throw new CtlError('local', file === '-' || said.includes(file) ? said : `${file}: ${said}`, { cause });
  }
}

/** A FIFO is not opened as a file: a thread would wait for its writer, and an exit(3) for that thread, so that Ctrl-C would end nothing. */
async function opened(file: string): Promise<NodeJS.ReadableStream> {
  if (statSync(file).isFIFO()) return (await import('../../attach/stdio-fifos')).openOutput(file);
  return createReadStream(file, { highWaterMark: PIECE_BYTES });
}

/** What is being unpacked, on one line of a terminal; nothing anywhere else. */
class LayerLine {
  #isShown = false;

  constructor(private readonly tool: Tool) {}

  show({ name, layer, layers }: LoadProgress): void {
    const { stderr } = this.tool.io;
    if (stderr.isTTY !== true) return;
    stderr.write(`${eraseLine}${`${shortName(name)}: unpacking layer ${String(layer)} of ${String(layers)}`.slice(0, sizeOf(stderr).columns - 1)}`);
    this.#isShown = true;
  }

  erase(): void {
    if (this.#isShown) this.tool.io.stderr.write(eraseLine);
    this.#isShown = false;
  }
}
