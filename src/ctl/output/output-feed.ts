import { setTimeout as delay } from 'node:timers/promises';
import type { LogsRequest, LogsResponse } from '../../api/gen/holdfast/v1/output';
import type { DaemonClient } from '../daemon/daemon-client';
import { isCtlError } from '../errors';
import type { MessageStream } from '../daemon/message-stream';

/** A daemon that is being stopped refuses at once; the one after it takes a moment to come. */
const RETRY_MS = 100;

/**
 * What is kept of a program's output, and with `follow` what comes: the feed outlives the daemon, and goes on where it was once that is
 * back. Ends at the end, when the program is removed, or after close().
 */
export class OutputFeed {
  #stream: MessageStream<LogsResponse> | undefined;
  #last: LogsResponse | undefined;
  #closed = false;

  constructor(private readonly daemon: DaemonClient, readonly name: string, private readonly request: Partial<LogsRequest>) {}

  /** Iterate it once. Throws CtlError. */
  async *[Symbol.asyncIterator](): AsyncGenerator<LogsResponse, void> {
    while (!this.#closed) {
      try {
        for await (const response of this.#open()) {
          this.#last = response;
          yield response;
          if (response.removed) return;
        }
        if (this.request.follow !== true) return;
      } catch (error) {
        if (this.#last !== undefined && isCtlError(error, 'no-such-process')) return;
        if (this.#last === undefined || this.request.follow !== true || !isCtlError(error, 'unreachable')) throw error;
      }
      if (!this.#closed) await delay(RETRY_MS);
    }
  }

  /** May be called twice. */
  close(): void {
    this.#closed = true;
    this.#stream?.close();
  }

  #open(): MessageStream<LogsResponse> {
    const place = this.#last === undefined ? {} : { cursor: this.#last.cursor, after_event_id: this.#last.event_id };
    this.#stream = this.daemon.logs({ ...this.request, name: this.name, ...place }, { waitForDaemon: this.#last !== undefined });
    return this.#stream;
  }
}
