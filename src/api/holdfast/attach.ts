import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import { notRunning } from '../../programs/errors';
import { findProgram } from '../../programs/list';
import type { ProgramParts } from '../../programs/parts';
import { isUp } from '../../programs/program';
import { ProgramInput } from '../../programs/program-input';
import { readOutput } from '../../programs/read-output';
import { INIT } from '../../runtime/state-dir/layout';
import type { ContainerKey } from '../../runtime/state-dir/container-key';
import type { AttachBegin, AttachRequest, AttachResponse } from '../gen/holdfast/v1/output';
import { RequestError } from '../errors';
import { outputMessage } from './logs';
import { statusOf } from './status';

type Stream = ServerDuplexStream<AttachRequest, AttachResponse>;

/** Attach: a program's output from now on, and its stdin. */
export class Attachment {
  readonly #over = new AbortController();
  #key: ContainerKey | undefined;
  #input: ProgramInput | undefined;
  #taken = 0n;

  private constructor(private readonly parts: ProgramParts, private readonly stream: Stream) {
    for (const gone of ['cancelled', 'close', 'error'] as const) stream.once(gone, () => { this.#close(); });
    stream.on('data', (request: AttachRequest) => {
      // One after the other; what the program does not read, its client is held back with.
      stream.pause();
      this.#take(request).then(() => { stream.resume(); }, (error: unknown) => { this.#fail(error); });
    });
  }

  /** Serves one call of Attach. */
  static serve(parts: ProgramParts, stream: Stream): void {
    new Attachment(parts, stream);
    stream.sendMetadata(new Metadata());
  }

  async #take({ begin, input, resize, close_input: closeInput }: AttachRequest): Promise<void> {
    if (begin !== undefined) return await this.#begin(begin);
    const id = this.#key;
    if (id === undefined) throw new RequestError('an attachment begins with its name', 'begin');
    if (input !== undefined) {
      await this.#input?.write(input);
      this.#taken += BigInt(input.length);
      this.#send({ output: undefined, input_taken: this.#taken });
    }
    const update = { id, processId: INIT, closeStdin: closeInput !== undefined, width: resize?.width ?? 0, height: resize?.height ?? 0 };
    if (closeInput !== undefined) this.#input?.close();
    // It may have ended meanwhile, which its output says.
    if (closeInput !== undefined || resize !== undefined) await this.parts.supervisor.request('updateProcess', update).catch(() => undefined);
  }

  async #begin(begin: AttachBegin): Promise<void> {
    if (this.#key !== undefined) throw new RequestError('an attachment begins once', 'begin');
    const program = await findProgram(this.parts, begin.name);
    // One that goes on hears of an end that came meanwhile.
    if (!isUp(program) && begin.cursor.length === 0) throw notRunning(begin.name);
    if (this.#over.signal.aborted) return;
    this.#key = program.key;
    this.#input = ProgramInput.open(this.parts, program);
    this.#follow(begin).catch((error: unknown) => { this.#fail(error); });
  }

  async #follow({ name, cursor, after_event_id: afterEventId }: AttachBegin): Promise<void> {
    const { signal } = this.#over;
    const place = cursor.length === 0 ? { start: { lastLines: 0 } } : { cursor: Buffer.from(cursor).toString('utf8') };
    const query = { name, follow: true, ...place, ...(afterEventId === undefined ? {} : { afterEventId }) };
    for await (const piece of readOutput(this.parts, query, signal)) {
      this.#send({ output: outputMessage(piece), input_taken: this.#taken });
      if (signal.aborted || 'event' in piece) break;
      await this.#untilRoom();
    }
    if (!signal.aborted) this.stream.end();
    this.#close();
  }

  #send(message: AttachResponse): void {
    if (!this.#over.signal.aborted) this.stream.write(message);
  }

  async #untilRoom(): Promise<void> {
    if (!this.stream.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      this.stream.once('drain', resolve);
      this.#over.signal.addEventListener('abort', () => { resolve(); }, { once: true });
    });
  }

  #fail(error: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#close();
    this.stream.emit('error', statusOf(error));
  }

  #close(): void {
    this.#over.abort();
    this.#input?.close();
  }
}
