import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Library } from '../../images/library/library';
import { notRunning } from '../../programs/errors';
import { findProgram } from '../../programs/list';
import { outputCursor, placesAt } from '../../programs/output-cursor';
import type { OutputHold } from '../../programs/output-holds';
import type { ProgramParts } from '../../programs/parts';
import { type Program, isUp } from '../../programs/program';
import { ProgramInput } from '../../programs/program-input';
import { type OutputQuery, readOutput } from '../../programs/read-output';
import { startJoined } from '../../programs/start-joined';
import { cursorOf } from '../../runtime/kept-output/cursor';
import { INIT } from '../../runtime/state-dir/layout';
import { nameOf } from '../../runtime/state-dir/container-key';
import { Turns } from '../../sys/turns';
import type { StartRequest } from '../gen/holdfast/v1/containers';
import type { AttachBegin, AttachRequest, AttachResponse } from '../gen/holdfast/v1/output';
import { peerOf } from '../call';
import { RequestError } from '../errors';
import { definitionOf } from './definition';
import { ofImage } from './image-definition';
import { outputMessage } from './logs';
import { requesterOf } from './peer';
import { startProgress } from './progress';
import { statusOf } from './status';

type Stream = ServerDuplexStream<AttachRequest, AttachResponse>;

/** A client that sends more than this before it is taken is held back: it should watch `input_taken`. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** Attach: a program's output from now on, or from its start, and its stdin. */
export class Attachment {
  readonly #over = new AbortController();
  readonly #start = new AbortController();
  /** What is for the program, one after the other. */
  readonly #turns = new Turns();
  #isBegun = false;
  #program: Program | undefined;
  #input: ProgramInput | undefined;
  #hold: OutputHold | undefined;
  #waiting = 0;
  #taken = 0n;
  #isRunOver = false;
  /** Of the last message that was sent, and of the last that the client has done with. */
  #sent = '';
  #done = '';
  #onDone: () => void = () => undefined;
  #onPlace: () => void = () => undefined;

  private constructor(private readonly parts: ProgramParts, private readonly library: Library, private readonly stream: Stream) {
    for (const gone of ['cancelled', 'close', 'error'] as const) stream.once(gone, () => { this.#close(); });
    stream.on('data', (request: AttachRequest) => {
      this.#take(request).catch((error: unknown) => { this.#fail(error); });
    });
  }

  /** Serves one call of Attach. */
  static serve(parts: ProgramParts, library: Library, stream: Stream): void {
    new Attachment(parts, library, stream);
    stream.sendMetadata(new Metadata());
  }

  async #take({ begin, input, resize, close_input: closeInput, taken, give_up: giveUp }: AttachRequest): Promise<void> {
    if (begin !== undefined) return await this.#begin(begin);
    if (!this.#isBegun) throw new RequestError('an attachment begins with its name', 'begin');
    if (giveUp !== undefined) this.#start.abort();
    else if (taken !== undefined) this.#reached(Buffer.from(taken).toString('utf8'));
    else if (input !== undefined) await this.#pass(input);
    else await this.#turns.run('', () => this.#update(closeInput !== undefined, resize));
  }

  /** What the program does not read waits here, up to a bound; whatever else the client sends is not held up by it. */
  async #pass(input: Uint8Array): Promise<void> {
    this.#waiting += input.length;
    if (this.#waiting > MOST_WAITING_BYTES) this.stream.pause();
    await this.#turns.run('', async () => {
      await this.#input?.write(input);
      this.#waiting -= input.length;
      this.#taken += BigInt(input.length);
      if (this.#waiting <= MOST_WAITING_BYTES) this.stream.resume();
      this.#send({ output: undefined, input_taken: this.#taken, started: undefined });
    });
  }

  async #update(isClosing: boolean, size: { readonly width: number; readonly height: number } | undefined): Promise<void> {
    if (isClosing) this.#input?.close();
    const id = this.#program?.key;
    if (id === undefined) return;
    // It may have ended meanwhile, which its output says.
    await this.parts.supervisor.request('updateProcess', { id, processId: INIT, closeStdin: isClosing, width: size?.width ?? 0, height: size?.height ?? 0 }).catch(() => undefined);
  }

  async #begin(begin: AttachBegin): Promise<void> {
    if (this.#isBegun) throw new RequestError('an attachment begins once', 'begin');
    this.#isBegun = true;
    let following: Promise<void> | undefined;
    await this.#turns.run('', async () => {
      const query = begin.start === undefined ? await this.#join(begin) : await this.#startWith(begin, begin.start);
      if (query === undefined || this.#over.signal.aborted) return;
      this.#input = this.#program && ProgramInput.open(this.parts, this.#program);
      following = this.#follow(query);
      // What is typed is answered after the place from which on it reads.
      await Promise.race([following, this.#until((resolve) => { this.#onPlace = resolve; })]);
    });
    await following;
  }

  async #join({ name, cursor: given, after_event_id: afterEventId, hold, resume }: AttachBegin): Promise<OutputQuery | undefined> {
    const program = await findProgram(this.parts, name);
    // One that goes on hears of an end that came meanwhile.
    if (!isUp(program) && given.length === 0) throw notRunning(name);
    if (this.#over.signal.aborted) return undefined;
    const { outputHolds } = this.parts;
    const { id } = nameOf(program.key);
    const runPid = program.view?.processes.find(({ id: processId }) => processId === INIT)?.systemPid;
    this.#program = program;
    const left = resume && runPid !== undefined ? outputHolds.leftAt(id, runPid) : undefined;
    const cursor = given.length > 0 || left === undefined ? Buffer.from(given).toString('utf8') : outputCursor(program, cursorOf(left));
    // Who does not come back to a place has nothing yet: all that is there is held until it says where it is.
    if (hold) {
      this.#hold = outputHolds.hold(id, this.#requester(), cursor === '' ? {} : placesAt(program, cursor));
      if (left !== undefined && runPid !== undefined) this.#hold.ofRun(runPid);
    }
    return { name, follow: true, isHolding: hold, ...(cursor === '' ? { start: { lastLines: 0 } } : { cursor }), ...(afterEventId === undefined ? {} : { afterEventId }) };
  }

  async #startWith({ name, cursor: given }: AttachBegin, start: StartRequest): Promise<OutputQuery | undefined> {
    if (given.length > 0) throw new RequestError('what is started has no place yet', 'cursor');
    if (start.names.length !== 1 || start.names[0] !== name) throw new RequestError('what is started is what is joined', 'start.names');
    const { stdin = '', stdout = '', stderr = '' } = start.stdio ?? {};
    if (stdout !== '' || stderr !== '') throw new RequestError('what is joined when it starts has no outputs: they are kept', 'start.stdio');
    const cancel = AbortSignal.any([this.#start.signal, this.#over.signal]);
    const definition = start.definition && (await ofImage(definitionOf(start.definition), start.definition, this.library, cancel));
    const order = { name, definition, stdio: { stdin, stdout, stderr }, by: this.#requester(), cancel };
    const { result, cursor, afterEventId, hold } = await startJoined(this.parts, order);
    this.#hold = hold;
    if (this.#over.signal.aborted) hold.release(false);
    const { result: started } = startProgress(name, result);
    if (cursor === undefined) {
      this.#isRunOver = true;
      this.#send({ output: undefined, input_taken: 0n, started });
      this.#end();
      return undefined;
    }
    this.#program = await findProgram(this.parts, name);
    this.#sent = cursor;
    this.#send({ output: outputMessage({ entries: [], cursor, eventId: afterEventId, missedBytes: 0 }), input_taken: 0n, started });
    return { name, follow: true, isHolding: true, cursor, afterEventId };
  }

  async #follow(query: OutputQuery): Promise<void> {
    const { signal } = this.#over;
    for await (const piece of readOutput(this.parts, query, signal)) {
      this.#sent = piece.cursor;
      this.#send({ output: outputMessage(piece), input_taken: this.#taken, started: undefined });
      this.#onPlace();
      this.#isRunOver = 'event' in piece;
      if (signal.aborted || this.#isRunOver) break;
      await this.#untilRoom();
    }
    // Until then it may lose this daemon, and ask the next one for what it has not got.
    if (this.#hold !== undefined && !signal.aborted && this.#done !== this.#sent) await this.#until((resolve) => { this.#onDone = resolve; });
    this.#end();
  }

  #reached(cursor: string): void {
    this.#done = cursor;
    if (this.#program !== undefined) this.#hold?.reached(placesAt(this.#program, cursor));
    if (cursor === this.#sent) this.#onDone();
  }

  #requester(): ReturnType<typeof requesterOf> {
    return requesterOf({ peer: peerOf(this.stream) });
  }

  #send(message: AttachResponse): void {
    if (!this.#over.signal.aborted) this.stream.write(message);
  }

  async #untilRoom(): Promise<void> {
    if (this.stream.writableNeedDrain) await this.#until((resolve) => { this.stream.once('drain', resolve); });
  }

  /** Or until the client has gone. */
  async #until(happens: (resolve: () => void) => void): Promise<void> {
    const { signal } = this.#over;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      // A client may be slow for days: nothing of one wait stays until the end.
      const leave = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      signal.addEventListener('abort', leave);
      happens(leave);
    });
  }

  #fail(error: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#close();
    this.stream.emit('error', statusOf(error));
  }

  #end(): void {
    if (!this.#over.signal.aborted) this.stream.end();
    this.#close();
  }

  #close(): void {
    this.#over.abort();
    this.#input?.close();
    this.#hold?.release(this.#isRunOver);
  }
}
