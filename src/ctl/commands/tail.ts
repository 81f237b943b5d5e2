import { OutputStream } from '../../api/gen/holdfast/v1/output';
import { isCtlError } from '../errors';
import { exitStatus } from '../exit-status';
import { suggestNames } from '../names';
import { OutputFeed } from '../output/output-feed';
import { write } from '../output/write';
import { missedWords, notice } from '../output/write-message';
import type { Tool } from '../tool';
import type { Verb } from '../verb';
import { explainMissing } from './logs';

/** supervisorctl's own numbers. */
const usualBytes = 1600;
const followedBytes = 1024;

export function defineTail(program: Verb, tool: Tool): void {
  program
    .verb('tail', { group: 'Look', summary: "shows the end of a program's output, as supervisorctl does", example: 'tail -f web stderr' })
    .usage('[-f] [-N] <name> [stdout|stderr]')
    .argument('[arguments...]', '-N bytes (1600 where that is left out), the name, and stdout or stderr')
    .option('-f, --follow', 'the last 1024 bytes, and what comes')
    .allowUnknownOption()
    .action((words: string[], { follow }: { readonly follow?: boolean }) => tail(tool, words, follow === true));
}

interface Wanted {
  readonly name: string;
  readonly stream: OutputStream;
  /** Undefined: all. */
  readonly bytes: bigint | undefined;
}

async function tail(tool: Tool, words: readonly string[], follow: boolean): Promise<void> {
  const wanted = parse(words, follow);
  if (typeof wanted === 'string') {
    tool.print(`Error: ${wanted}`);
    tool.hint('holdfastctl help tail  says more.');
    tool.finish(exitStatus.failed);
    return;
  }
  const { name, stream, bytes } = wanted;
  const daemon = await tool.connect();
  const container = await daemon.container(name);
  if (container === undefined) {
    tool.print(`${name}: ERROR (no such process name)`);
    suggestNames(tool, [name], await daemon.containers());
    tool.finish(exitStatus.failed);
    return;
  }
  const feed = new OutputFeed(daemon, name, { follow, stream, tail_bytes: bytes });
  let isInterrupted = false;
  const stopListening = follow ? tool.io.onSignal('SIGINT', () => {
    isInterrupted = true;
    feed.close();
  }) : undefined;
  let isBegun = false;
  try {
    for await (const { chunks, missed_bytes: missed } of feed) {
      if (follow && !isBegun) tool.print('==> Press Ctrl-C to exit <==');
      isBegun = true;
      if (missed > 0n) tool.io.stderr.write(notice(missedWords(missed)));
      for (const { data } of chunks) await write(tool.io.stdout, data);
    }
    if (!follow || isInterrupted) tool.print('');
  } catch (error) {
    if (!isCtlError(error, 'not-running')) throw error;
    tool.print(`${name}: ERROR (no log file)`);
    explainMissing(tool, container);
    tool.finish(exitStatus.failed);
  } finally {
    stopListening?.();
  }
}

/** What is wanted, or what is wrong: in supervisorctl's words. */
function parse(words: readonly string[], follow: boolean): Wanted | string {
  const [name, channel, ...more] = words.filter((word) => !word.startsWith('-'));
  const modifier = words.find((word) => word.startsWith('-'));
  if (modifier !== undefined && !/^-\d{1,15}$/.test(modifier)) return `bad argument ${modifier}`;
  if (name === undefined) return follow || modifier !== undefined ? 'tail requires process name' : 'too few arguments';
  const bad = more.at(-1) ?? (channel === undefined || /^std(out|err)$/i.test(channel) ? undefined : channel);
  if (bad !== undefined) return `bad channel '${bad}'`;
  const stream = channel?.toLowerCase() === 'stderr' ? OutputStream.STDERR : OutputStream.STDOUT;
  const bytes = modifier === undefined ? (follow ? followedBytes : usualBytes) : Number(modifier.slice(1));
  return { name, stream, bytes: bytes === 0 ? undefined : BigInt(bytes) };
}
