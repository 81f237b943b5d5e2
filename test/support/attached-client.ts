import { setTimeout as delay } from 'node:timers/promises';

import { type ClientDuplexStream, credentials } from '@grpc/grpc-js';

import type { End, Result, StartRequest } from '../../src/api/gen/holdfast/v1/containers';
import { type AttachBegin, type AttachRequest, type AttachResponse, OutputClient, OutputStream } from '../../src/api/gen/holdfast/v1/output';
import { patienceMs, within } from './deadline';

/** Who starts a program by Output.Attach, or joins one, and goes on where it stopped when the daemon goes away. */
export class AttachedClient {
  started: Result | undefined;
  end: End | undefined;
  missedBytes = 0n;
  /** Between two messages, as of a reader that is slow. */
  pauseMs = 0;
  /** Called for each message that has been taken. */
  onTaken: () => void = () => undefined;
  #last: Pick<AttachBegin, 'cursor' | 'after_event_id'> | undefined;
  #isStopped = false;
  readonly #parts: Buffer[] = [];

  constructor(private readonly socketPath: string, private readonly begin: Partial<AttachBegin> & { readonly name: string; readonly start?: StartRequest }) {}

  get stdout(): string {
    return Buffer.concat(this.#parts).toString();
  }

  /** To the end of the call. @throws what the call fails with */
  async read(): Promise<this> {
    const client = new OutputClient(`unix:${this.socketPath}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    const stream = client.attach();
    const place = this.#last === undefined ? {} : { ...this.#last, start: undefined };
    send(stream, { begin: { cursor: Buffer.alloc(0), after_event_id: undefined, hold: false, start: undefined, resume: false, ...this.begin, ...place } });
    try {
      await within(this.#readAll(stream), 'the end of the attachment', patienceMs * 4, () => `${String(this.stdout.length)} bytes`);
    } finally {
      client.close();
    }
    return this;
  }

  /** Takes no more, and stays: as a process that is stopped. */
  stop(): void {
    this.#isStopped = true;
  }

  /** After stop(). */
  goOn(): void {
    this.#isStopped = false;
  }

  async #readAll(stream: ClientDuplexStream<AttachRequest, AttachResponse>): Promise<void> {
    for await (const { started, output } of stream as AsyncIterable<AttachResponse>) {
      while (this.#isStopped) await delay(20);
      if (started !== undefined) this.started = started;
      if (output === undefined) continue;
      for (const chunk of output.chunks) if (chunk.stream === OutputStream.STDOUT) this.#parts.push(Buffer.from(chunk.data));
      this.missedBytes += output.missed_bytes;
      if (output.ended !== undefined) this.end = output.ended;
      this.#last = { cursor: output.cursor, after_event_id: output.event_id };
      // Nobody waits to hear it from one that holds nothing, and the call may be over by now.
      if (this.begin.hold === true) send(stream, { taken: output.cursor });
      this.onTaken();
      if (this.pauseMs > 0) await delay(this.pauseMs);
    }
  }
}

function send(stream: ClientDuplexStream<AttachRequest, AttachResponse>, what: Partial<AttachRequest>): void {
  stream.write({ begin: undefined, input: undefined, resize: undefined, close_input: undefined, taken: undefined, give_up: undefined, ...what });
}
