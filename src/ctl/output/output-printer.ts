import { type LogsResponse, OutputStream } from '../../api/gen/holdfast/v1/output';
import { missedWords, notice } from './write-message';
import { endWords, ranWords } from '../text/event-line';
import { formatLocalMoment, formatMoment } from '../text/timestamp';
import { logLineJson } from '../json/log-line';
import type { Output, Tool } from '../tool';
import { type Line, Lines, piecesOf } from './lines';
import { write } from './write';

export interface PrintOptions {
  /** Those that are told apart; none where there is one alone. */
  readonly names: readonly string[];
  readonly timestamps?: boolean;
  readonly local?: boolean;
  readonly grep?: RegExp;
  readonly json?: boolean;
  /** What is said of the end of a run beside how it ended: such as when it starts again. */
  readonly afterEnd?: (name: string) => Promise<string>;
}

/** Prints programs' output: as it was, or line by line with what is to be told of each. */
export class OutputPrinter {
  readonly #lines = new Map<string, Lines>();
  readonly #width: number;
  /** As it was: the last that was printed was no whole line. */
  #isOpen = false;

  constructor(private readonly tool: Tool, private readonly options: PrintOptions) {
    this.#width = Math.max(0, ...options.names.map((name) => name.length));
  }

  async print(name: string, { chunks, ended, removed, missed_bytes: missed }: LogsResponse): Promise<void> {
    if (missed > 0n) {
      await this.#flush(name);
      const whose = this.options.names.length === 0 ? '' : ` of ${name}`;
      this.#notice(missedWords(missed, whose));
    }
    for (const chunk of chunks) {
      if (this.options.json === true) {
        for (const piece of piecesOf(chunk)) await this.#printJson(name, piece);
      } else if (this.#isPlain) {
        this.#isOpen = chunk.partial;
        await write(this.#outputOf(chunk.stream), chunk.data);
      } else {
        const lines = this.#lines.get(name) ?? new Lines();
        this.#lines.set(name, lines);
        await this.#printLines(name, lines.take(chunk));
      }
    }
    if (ended !== undefined) {
      await this.#flush(name);
      this.#notice(`${name} ended: ${endWords(ended.exit_status)}${ranWords(ended.ran_ns)}${ended.out_of_memory ? ', out of memory' : ''}${(await this.options.afterEnd?.(name)) ?? ''}`);
    }
    if (removed) this.#notice(`${name} is removed`);
  }

  /** What has no newline is printed, too. */
  async end(): Promise<void> {
    for (const name of this.#lines.keys()) await this.#flush(name);
  }

  get #isPlain(): boolean {
    const { names, timestamps, grep } = this.options;
    return names.length === 0 && timestamps !== true && grep === undefined;
  }

  /** With its stream in the line it is told apart there. */
  #outputOf(stream: OutputStream): Output {
    const { stdout, stderr } = this.tool.io;
    return stream === OutputStream.STDERR && this.options.timestamps !== true ? stderr : stdout;
  }

  async #flush(name: string): Promise<void> {
    const lines = this.#lines.get(name);
    if (lines !== undefined) await this.#printLines(name, lines.rest());
  }

  async #printLines(name: string, lines: Iterable<Line>): Promise<void> {
    const { names, timestamps, local, grep } = this.options;
    const prefix = names.length === 0 ? '' : `${name.padEnd(this.#width)} | `;
    // A chunk has many: they are written in one go.
    const texts = new Map<Output, Buffer[]>();
    for (const { stream, time, text } of lines) {
      if (grep !== undefined && !grep.test(text.toString('utf8'))) continue;
      const at = time === undefined ? '-' : local === true ? formatLocalMoment(time) : formatMoment(time);
      const told = timestamps === true ? `${at} ${streamName(stream)} ` : '';
      const output = this.#outputOf(stream);
      const before = texts.get(output) ?? [];
      texts.set(output, before);
      before.push(Buffer.from(prefix + told), text, Buffer.from('\n'));
    }
    for (const [output, parts] of texts) await write(output, Buffer.concat(parts));
  }

  async #printJson(name: string, { stream, time, text, isPartial }: Line): Promise<void> {
    const { grep } = this.options;
    const said = text.toString('utf8');
    if (grep !== undefined && !grep.test(said)) return;
    await write(this.tool.io.stdout, `${JSON.stringify(logLineJson({ time, name, stream: streamName(stream), text: said, partial: isPartial }))}\n`);
  }

  #notice(text: string): void {
    const { stdout, stderr } = this.tool.io;
    const newline = this.#isOpen && stdout.isTTY === true ? '\n' : '';
    this.#isOpen = false;
    stderr.write(newline + notice(text));
  }
}

function streamName(stream: OutputStream): 'stdout' | 'stderr' {
  return stream === OutputStream.STDERR ? 'stderr' : 'stdout';
}
