import type { LogsResponse } from '../../api/gen/holdfast/v1/output';
import { compareMoments } from '../text/timestamp';

export interface NamedMessages {
  readonly name: string;
  readonly messages: AsyncIterable<LogsResponse>;
}

interface Source {
  readonly name: string;
  readonly iterator: AsyncIterator<LogsResponse>;
  /** Chunk by chunk. */
  pending: LogsResponse[];
}

/** The output of several programs, in the order of its time; what has none comes at once. */
export async function* inOrder(all: readonly NamedMessages[]): AsyncGenerator<{ readonly name: string; readonly message: LogsResponse }, void> {
  const sources: Source[] = all.map(({ name, messages }) => ({ name, iterator: messages[Symbol.asyncIterator](), pending: [] }));
  for (;;) {
    await Promise.all(sources.map(fill));
    const [next] = sources.filter(({ pending }) => pending.length > 0).sort(byTime);
    const message = next?.pending.shift();
    if (next === undefined || message === undefined) return;
    yield { name: next.name, message };
  }
}

async function fill(source: Source): Promise<void> {
  while (source.pending.length === 0) {
    const next = await source.iterator.next();
    if (next.done === true) return;
    const message = next.value;
    source.pending = message.chunks.map((chunk) => ({ ...message, chunks: [chunk] }));
  }
}

function byTime(a: Source, b: Source): number {
  const [one, other] = [a.pending[0]?.chunks[0]?.time, b.pending[0]?.chunks[0]?.time];
  if (one === undefined || other === undefined) return one === other ? 0 : one === undefined ? -1 : 1;
  return compareMoments(one, other);
}
