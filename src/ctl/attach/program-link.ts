import { setTimeout as delay } from 'node:timers/promises';
import type { AttachRequest, AttachResponse, LogsResponse } from '../../api/gen/holdfast/v1/output';
import type { DaemonClient } from '../daemon/daemon-client';
import { isCtlError } from '../errors';
import type { Call } from '../grpc/call';
import type { WindowSize } from './terminal';

/** A daemon that is being stopped refuses at once; the one after it takes a moment to come. */
const RETRY_MS = 100;

/**
 * Joins a running program by the daemon: what it writes from now on, and its stdin. It outlives the daemon, and goes on where it was once that
 * is back; only what was typed and had not come to the program yet is not sent again.
 */
export class ProgramLink {
  #call: Call<AttachRequest, AttachResponse> | undefined;
  #last: LogsResponse | undefined;
  #size: WindowSize | undefined;
  #closed = false;
  #onRoom: () => void = () => undefined;

  constructor(private readonly daemon: DaemonClient, private readonly name: string) {}

  /** What it writes; the last has how it ended. Iterate it once. Throws CtlError. */
  async *messages(): AsyncGenerator<LogsResponse, void> {
    while (!this.#closed) {
      const { call, answers } = this.daemon.attach({ waitForDaemon: this.#last !== undefined });
      this.#call = call;
      call.onDrain(() => { this.#onRoom(); });
      const place = this.#last === undefined ? {} : { after_event_id: this.#last.event_id };
      call.write(requestOf({ begin: { name: this.name, cursor: this.#last?.cursor ?? Buffer.alloc(0), after_event_id: undefined, ...place } }));
      if (this.#size !== undefined) this.resize(this.#size);
      this.#onRoom();
      try {
        for await (const { output } of answers) {
          if (output === undefined) continue;
          this.#last = output;
          yield output;
          if (output.ended !== undefined || output.removed) return;
        }
      } catch (error) {
        if (this.#last === undefined || !isCtlError(error, 'unreachable')) throw error;
      } finally {
        this.#call = undefined;
      }
      if (!this.#closed) await delay(RETRY_MS);
    }
  }

  /** @returns whether there is room for more; `onRoom` is called once there is */
  input(bytes: Buffer, onRoom: () => void): boolean {
    this.#onRoom = onRoom;
    return this.#call?.write(requestOf({ input: bytes })) ?? false;
  }

  /** Of its terminal. */
  resize(size: WindowSize): void {
    this.#size = size;
    this.#call?.write(requestOf({ resize: size }));
  }

  /** The program runs on. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#call?.cancel();
  }
}

function requestOf(what: Partial<AttachRequest>): AttachRequest {
  return { begin: undefined, input: undefined, resize: undefined, close_input: undefined, ...what };
}
