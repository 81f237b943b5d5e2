import { setTimeout as delay } from 'node:timers/promises';
import type { Result, StartRequest } from '../../api/gen/holdfast/v1/containers';
import type { AttachRequest, AttachResponse, LogsResponse } from '../../api/gen/holdfast/v1/output';
import type { DaemonClient } from '../daemon/daemon-client';
import { isCtlError } from '../errors';
import type { Call } from '../grpc/call';
import type { WindowSize } from './terminal';

/** A daemon that is being stopped refuses at once; the one after it takes a moment to come. */
const RETRY_MS = 100;

/** So much of its input may be on its way: what is behind it, such as what has been read, does not wait for a program that reads nothing. */
const MOST_SENT_BYTES = 256 * 1024;

/**
 * Joins a program by the daemon: what it writes from now on, or from its start, and its stdin. The program waits for us, as for the reader of a pipe. It
 * outlives the daemon, and goes on where it was once that is back; only what was typed and had not come to the program yet is not sent again.
 */
export class ProgramLink {
  #call: Call<AttachRequest, AttachResponse> | undefined;
  #last: LogsResponse | undefined;
  #size: WindowSize | undefined;
  #closed = false;
  /** Typed while there was no daemon. */
  #typed: Buffer[] = [];
  /** Of this call's input. */
  #sentBytes = 0;
  #takenBytes = 0;
  #onRoom: () => void = () => undefined;

  /** @param start absent: it runs already @param onStarted what came of the start */
  constructor(
    private readonly daemon: DaemonClient,
    private readonly name: string,
    private readonly start?: StartRequest,
    private readonly onStarted: (result: Result) => void = () => undefined,
  ) {}

  /** What it writes; the last has how it ended, but where it was not started. Iterate it once. Throws CtlError. */
  async *messages(): AsyncGenerator<LogsResponse, void> {
    while (!this.#closed) {
      const { call, answers } = this.daemon.attach({ waitForDaemon: this.#last !== undefined });
      this.#begin(call);
      try {
        for await (const { output, started, input_taken: taken } of answers) {
          this.#taken(Number(taken));
          if (output !== undefined) this.#last = output;
          if (started !== undefined) {
            this.onStarted(started);
            this.#closed = output === undefined;
          }
          if (output === undefined) continue;
          yield output;
          call.write(requestOf({ taken: output.cursor }));
          if (output.ended !== undefined || output.removed) this.#closed = true;
        }
        if (this.#closed) return;
      } catch (error) {
        // Its end was told.
        if (this.#closed) return;
        if (this.#last === undefined || !isCtlError(error, 'unreachable')) throw error;
      } finally {
        this.#call = undefined;
      }
      await delay(RETRY_MS);
    }
  }

  /** The start is not wanted any more: messages() throws, or tells that it runs already. */
  giveUp(): void {
    this.#call?.write(requestOf({ give_up: {} }));
  }

  /** @returns whether there is room for more; `onRoom` is called once there is */
  input(bytes: Buffer, onRoom: () => void): boolean {
    this.#onRoom = onRoom;
    if (this.#call === undefined) this.#typed.push(bytes);
    else this.#send(this.#call, bytes);
    return this.#call !== undefined && this.#sentBytes - this.#takenBytes < MOST_SENT_BYTES;
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

  #begin(call: Call<AttachRequest, AttachResponse>): void {
    const place = this.#last === undefined ? { cursor: Buffer.alloc(0), after_event_id: undefined, start: this.start } : { cursor: this.#last.cursor, after_event_id: this.#last.event_id, start: undefined };
    this.#call = call;
    this.#sentBytes = 0;
    this.#takenBytes = 0;
    call.write(requestOf({ begin: { name: this.name, hold: true, resume: true, ...place } }));
    if (this.#size !== undefined) this.resize(this.#size);
    for (const bytes of this.#typed.splice(0)) this.#send(call, bytes);
    this.#onRoom();
  }

  #send(call: Call<AttachRequest, AttachResponse>, bytes: Buffer): void {
    this.#sentBytes += bytes.length;
    call.write(requestOf({ input: bytes }));
  }

  /** So much of the call's input is with the program, all in all. */
  #taken(bytes: number): void {
    const before = this.#sentBytes - this.#takenBytes;
    this.#takenBytes = bytes;
    if (before >= MOST_SENT_BYTES && this.#sentBytes - bytes < MOST_SENT_BYTES) this.#onRoom();
  }
}

function requestOf(what: Partial<AttachRequest>): AttachRequest {
  return { begin: undefined, input: undefined, resize: undefined, close_input: undefined, taken: undefined, give_up: undefined, ...what };
}
