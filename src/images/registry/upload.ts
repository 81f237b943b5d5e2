import { again } from './again';
import type { Destination, UploadSession } from './destination';
import { RegistryFailure } from './failure';

/** A blob that is to be sent. */
export interface BlobToSend {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** From `offset` on. */
  pieces(offset: number): AsyncIterable<Uint8Array>;
  /** Other repositories of the registry that may have it. */
  readonly others: readonly string[];
}

export interface UploadOptions {
  readonly signal: AbortSignal;
  readonly firstPauseMs: number;
  /** So much of it is there by now. */
  readonly onBytes: (bytes: number) => void;
}

/** Has a registry have a blob: what it has is not sent, and what was cut off is gone on with where it lets us. @throws RegistryFailure, what `pieces` throws */
export async function upload(destination: Destination, blob: BlobToSend, { signal, firstPauseMs, onBytes }: UploadOptions): Promise<void> {
  const sending = new Sending(destination, blob, onBytes);
  await again(() => sending.goOn(), { signal, firstPauseMs, progress: () => sending.most });
  onBytes(blob.size);
}

class Sending {
  /** The most that was ever under way of it. A registry that always hangs up in the same place would else be sent the same for ever. */
  most = 0;
  #session: UploadSession | undefined;

  constructor(private readonly destination: Destination, private readonly blob: BlobToSend, private readonly onBytes: (bytes: number) => void) {}

  /** Until it is there, or it fails. */
  async goOn(): Promise<void> {
    const left = this.#session === undefined ? undefined : await this.destination.progressOf(this.#session);
    const isLeft = left !== undefined && left.offset <= this.blob.size;
    this.#session = isLeft ? left : await this.#begun();
    if (this.#session === undefined) return;
    try {
      await this.#sendRest(this.#session);
    } catch (error) {
      throw this.#explained(error, isLeft);
    }
  }

  /** @returns undefined: it is there */
  async #begun(): Promise<UploadSession | undefined> {
    const { digest, others } = this.blob;
    if (await this.destination.hasBlob(digest)) return undefined;
    for (const other of others) {
      try {
        // One that has it not has a beginning for us.
        return await this.destination.begin(digest, other);
      } catch (error) {
        // Nobody need be let in there.
        if (!(error instanceof RegistryFailure) || error.isTransient) throw error;
      }
    }
    return this.destination.begin(digest, '');
  }

  async #sendRest(session: UploadSession): Promise<void> {
    const { digest, size } = this.blob;
    let next = session;
    if (next.offset < size) next = await this.destination.send(next, size, { size: size - next.offset, pieces: () => this.#counted(session.offset) });
    this.#session = next;
    if (next.offset < size) throw new RegistryFailure('registry', `${this.destination.host}: it has taken ${String(next.offset)} of ${String(size)} bytes of ${digest}`, { isTransient: true });
    await this.destination.finish(next, digest);
  }

  async *#counted(offset: number): AsyncGenerator<Uint8Array, void, undefined> {
    let at = offset;
    this.onBytes(at);
    for await (const piece of this.blob.pieces(offset)) {
      yield piece;
      at += piece.length;
      this.most = Math.max(this.most, at);
      this.onBytes(at);
    }
  }

  /** @param isLeft it was gone on with: what is wrong may be what was there before */
  #explained(error: unknown, isLeft: boolean): unknown {
    if (!(error instanceof RegistryFailure) || error.isTransient) return error;
    const isLost = error.code === 'not-found' || /status (?:400|416)\b/.test(error.message);
    if (isLost) this.#session = undefined;
    if (isLost && isLeft) return new RegistryFailure('registry', error.message, { isTransient: true, cause: error });
    return error;
  }
}
