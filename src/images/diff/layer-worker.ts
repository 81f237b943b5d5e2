import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { LineFramer } from '../../runtime/line-framer';
import { createPipe } from '../../sys/files/files';
import type { Child, ChildReaper, WaitStatus } from '../../sys/process/children';
import { SIGKILL } from '../../sys/process/process';
import type { SpawnOptions } from '../../sys/process/spawn-options';
import { ImagesError } from '../errors';
import type { ApplyRequest, LayerAnswer } from './process/request';

/**
 * A process that unpacks layers, one after the other: to start one takes as long as a small layer does, and what has run before is compiled. One that has failed,
 * or has made mounts, is used no more.
 */
export class LayerWorker {
  readonly #input: Socket;
  readonly #ended: Promise<WaitStatus>;
  #tell: ((line: string) => void) | undefined;
  #isSpent = false;
  /** It was killed, or has died. */
  #isOver = false;

  private constructor(private readonly child: Child, inputFd: number, outputFd: number) {
    this.#input = new Socket({ fd: inputFd, readable: false, writable: true });
    // It has ended, then, which is told of by its status.
    this.#input.on('error', () => undefined);
    const output = new Socket({ fd: outputFd, readable: true, writable: false });
    output.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => { output.once('close', () => { resolve(); }); });
    const framer = new LineFramer();
    output.on('data', (piece: Buffer) => { for (const line of framer.push(piece)) this.#tell?.(line); });
    // What it has said last may come after its end.
    this.#ended = closed.then(() => child.exited);
    void child.exited.then(() => { this.#isOver = true; });
  }

  /** @param command of the program, to which nothing is added @throws ImagesError `failed` */
  static async start(reaper: ChildReaper, command: Pick<SpawnOptions, 'file' | 'args' | 'env'>): Promise<LayerWorker> {
    const [input, output] = [createPipe(), createPipe()];
    try {
      const child = await reaper.launch({ ...command, cwd: '/', stdin: input.readFd, stdout: output.writeFd, session: true });
      return new LayerWorker(child, input.writeFd, output.readFd);
    } catch (cause) {
      for (const fd of [input.writeFd, output.readFd]) closeSync(fd);
      throw new ImagesError('failed', `cannot start the process of a layer: ${(cause as Error).message}`, { cause });
    } finally {
      for (const fd of [input.readFd, output.writeFd]) closeSync(fd);
    }
  }

  /** Whether it is to be ended, and not asked again. */
  get isSpent(): boolean {
    return this.#isSpent || this.#isOver;
  }

  /** One at a time. @returns the line that it says; how it has ended, where it says none */
  async ask(request: ApplyRequest): Promise<string | WaitStatus> {
    this.#isSpent = true;
    const line = new Promise<string>((resolve) => { this.#tell = resolve; });
    this.#input.write(`${JSON.stringify(request)}\n`);
    const said = await Promise.race([line, this.#ended]);
    this.#tell = undefined;
    this.#isSpent = typeof said !== 'string' || !isReusable(said);
    return said;
  }

  /** Kills it, amid a layer too. May be called twice. */
  end(): void {
    this.#isOver = true;
    this.#input.destroy();
    this.child.kill(SIGKILL);
  }
}

function isReusable(line: string): boolean {
  const answer = JSON.parse(line) as LayerAnswer;
  return answer.is === 'done' && answer.isOver !== true;
}
