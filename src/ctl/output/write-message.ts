import { type LogsResponse, OutputStream } from '../../api/gen/holdfast/v1/output';
import { formatSize } from '../../runtime/text/size';
import type { Io } from '../tool';
import { write } from './write';

/** What a program has written, each stream to our own of it, as fast as that is read. */
export async function writeMessage({ stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>, { chunks, missed_bytes: missed }: Pick<LogsResponse, 'chunks' | 'missed_bytes'>): Promise<void> {
  if (missed > 0n) stderr.write(notice(missedWords(missed)));
  for (const { stream, data } of chunks) await write(stream === OutputStream.STDERR ? stderr : stdout, data);
}

/** @param whose where several programs' output is printed: a name with what leads to it */
export function missedWords(bytes: bigint, whose = ''): string {
  return `about ${formatSize(Number(bytes))}${whose} were rotated away before they could be read`;
}

/** What is ours on stderr, beside what the program writes there. */
export function notice(text: string): string {
  return `-- ${text} --\n`;
}
