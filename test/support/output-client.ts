import { credentials } from '@grpc/grpc-js';

import type { End } from '../../src/api/gen/holdfast/v1/containers';
import { LogsRequest, OutputClient, OutputStream } from '../../src/api/gen/holdfast/v1/output';
import { patienceMs, within } from './deadline';

/** A reader of kept output that goes on where it stopped when the daemon goes away, as docs/output.md says. */
export class OutputReader {
  readonly ends: End[] = [];
  isRemoved = false;
  /** Why the last stream ended; undefined where it just did. */
  failure: Error | undefined;
  #stdout = '';
  #stderr = '';
  #cursor: Buffer = Buffer.alloc(0);
  #eventId: bigint | undefined;
  #close: () => void = () => undefined;
  #wake: () => void = () => undefined;

  constructor(private readonly socketPath: string, private readonly request: Partial<LogsRequest>) {}

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get cursor(): Buffer {
    return this.#cursor;
  }

  /** Reads on from where it is, to the end of the stream. */
  async read(): Promise<this> {
    const client = new OutputClient(`unix:${this.socketPath}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    const place = this.#cursor.length === 0 ? {} : { cursor: this.#cursor, after_event_id: this.#eventId };
    const stream = client.logs({ ...LogsRequest.create(), ...this.request, ...place });
    this.#close = () => { stream.cancel(); };
    stream.on('data', ({ chunks, cursor, event_id: eventId, ended, removed }: { chunks: { stream: OutputStream; data: Buffer }[]; cursor: Buffer; event_id: bigint; ended: End | undefined; removed: boolean }) => {
      for (const { stream: from, data } of chunks) {
        if (from === OutputStream.STDOUT) this.#stdout += data.toString();
        else this.#stderr += data.toString();
      }
      this.#cursor = cursor;
      this.#eventId = eventId;
      if (ended !== undefined) this.ends.push(ended);
      if (removed) this.isRemoved = true;
      this.#wake();
    });
    this.failure = await within(new Promise<Error | undefined>((resolve) => {
      stream.on('error', resolve);
      stream.on('end', () => { resolve(undefined); });
    }), 'the end of the logs', patienceMs * 2);
    client.close();
    return this;
  }

  /** Resolves once `seen` is true of what has come. */
  until(what: string, seen: (reader: this) => boolean): Promise<void> {
    return within(new Promise<void>((resolve) => {
      this.#wake = () => {
        if (seen(this)) resolve();
      };
      this.#wake();
    }), what, patienceMs, () => `got: ${this.#stdout.slice(-200)}|${this.#stderr.slice(-200)}`);
  }

  close(): void {
    this.#close();
  }
}
