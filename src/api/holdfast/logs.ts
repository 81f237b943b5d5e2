import type { KeptEntry } from '../../runtime/kept-output/query';
import type { OutputStream as Stream } from '../../runtime/kept-output/kept-output';
import type { ProgramParts } from '../../programs/parts';
import { type OutputPiece, type OutputQuery, readOutput } from '../../programs/read-output';
import { type Chunk, type LogsRequest, type LogsResponse, OutputStream } from '../gen/holdfast/v1/output';
import type { StreamVerb } from '../call';
import { RequestError } from '../errors';
import { endMessage } from './container-message';
import { nsOf, timestampOf } from './time';

const NEWLINE = Buffer.from('\n');

/** Logs: what is kept of a program's output, and what comes. As fast as the client takes it. */
export function logs(parts: ProgramParts): StreamVerb<LogsRequest, LogsResponse> {
  return async (request, { cancel }, send) => {
    for await (const piece of readOutput(parts, queryOf(request), cancel)) {
      send(outputMessage(piece));
      await send.untilRoom();
      if (cancel.aborted) return;
    }
  };
}

function queryOf(request: LogsRequest): OutputQuery {
  const { name, cursor, tail_lines: lines, tail_bytes: bytes, since, until, stream, follow, after_event_id: afterEventId } = request;
  const starts = [cursor.length > 0, lines !== undefined, bytes !== undefined, since !== undefined].filter(Boolean);
  // A cursor goes on with what the others have begun.
  if (starts.length > 1 && cursor.length === 0) throw new RequestError('output begins at one place: tail_lines, tail_bytes or since', 'tail_lines');
  if (follow && until !== undefined) throw new RequestError('what is followed has no end: until', 'until');
  return {
    name,
    follow,
    ...(stream === OutputStream.BOTH ? {} : { streams: [nameOf(stream)] }),
    ...(cursor.length === 0 ? {} : { cursor: Buffer.from(cursor).toString('utf8') }),
    ...startOf({ lines, bytes, sinceNs: since && nsOf(since) }),
    ...(until === undefined ? {} : { untilNs: nsOf(until) }),
    ...(afterEventId === undefined ? {} : { afterEventId }),
  };
}

function startOf({ lines, bytes, sinceNs }: { readonly lines: bigint | undefined; readonly bytes: bigint | undefined; readonly sinceNs: bigint | undefined }): Pick<OutputQuery, 'start'> {
  if (lines !== undefined) return { start: { lastLines: Number(lines) } };
  if (bytes !== undefined) return { start: { lastBytes: Number(bytes) } };
  return sinceNs === undefined ? {} : { start: { sinceNs } };
}

function nameOf(stream: OutputStream): Stream {
  if (stream === OutputStream.STDOUT) return 'stdout';
  if (stream === OutputStream.STDERR) return 'stderr';
  throw new RequestError(`there is no stream ${String(stream)}`, 'stream');
}

export function outputMessage(piece: OutputPiece): LogsResponse {
  const { cursor, eventId, missedBytes } = piece;
  const place = { cursor: Buffer.from(cursor), event_id: eventId, missed_bytes: BigInt(missedBytes) };
  if ('entries' in piece) return { ...place, chunks: chunksOf(piece.entries), ended: undefined, removed: false };
  const { end, isLast } = piece.event;
  return { ...place, chunks: [], ended: end && endMessage(end), removed: isLast };
}

/** Lines of one stream that were taken together are one chunk: there may be a million of them a second. */
function chunksOf(entries: readonly KeptEntry[]): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < entries.length; ) {
    const first = entries[at];
    if (first === undefined) break;
    const parts: Buffer[] = [];
    let isPartial = false;
    for (let entry: KeptEntry | undefined = first; entry?.stream === first.stream && entry.timeNs === first.timeNs; at += 1, entry = entries[at]) {
      parts.push(entry.text);
      ({ isPartial } = entry);
      if (!isPartial) parts.push(NEWLINE);
    }
    chunks.push({
      stream: first.stream === 'stdout' ? OutputStream.STDOUT : OutputStream.STDERR,
      time: first.timeNs === undefined ? undefined : timestampOf(first.timeNs),
      data: Buffer.concat(parts),
      partial: isPartial,
    });
  }
  return chunks;
}
