import { ImagesError } from '../../../images/errors';
import type { BlobWriter, ContentStore } from '../../../images/content/content-store';
import { WriteAction, type WriteContentRequest, type WriteContentResponse } from '../../gen/containerd/services/content/v1/content';
import type { CallInfo, Send } from '../../call';
import { FaceError } from '../errors';
import { timestampOf } from '../time';
import { placeOf } from './face';

/**
 * Write: a stream of requests about one ref, each answered by one response; the last one is sent once more at the end, as containerd does. A stream that ends
 * without a COMMIT leaves what it has written for the next.
 */
export async function writeContent(store: ContentStore, requests: AsyncIterable<WriteContentRequest>, { metadata }: CallInfo, send: Send<WriteContentResponse>): Promise<void> {
  const { namespace, lease } = placeOf(metadata);
  let session: Session | undefined;
  try {
    for await (const request of requests) {
      session ??= await Session.open(store, namespace, lease, request);
      send(await session.take(request));
      await send.untilRoom();
      if (request.action === WriteAction.COMMIT) break;
    }
    if (session?.last !== undefined) send(session.last);
  } finally {
    session?.close();
  }
}

/** One stream's writer, and what is known of its blob. */
class Session {
  /** The last response. */
  last: WriteContentResponse | undefined;
  #total: number;
  #expected: string;

  private constructor(
    private readonly store: ContentStore,
    private readonly namespace: string,
    private readonly writer: BlobWriter,
    { total, expected }: WriteContentRequest,
  ) {
    this.#total = Number(total);
    this.#expected = expected;
  }

  static async open(store: ContentStore, namespace: string, lease: string | undefined, first: WriteContentRequest): Promise<Session> {
    const { ref, total, expected } = first;
    if (ref === '') throw new FaceError('invalid-argument', 'first message must have a reference');
    return new Session(store, namespace, await store.writer(namespace, ref, { total: checkedSize(total), expected, lease }), first);
  }

  async take(request: WriteContentRequest): Promise<WriteContentResponse> {
    await this.#learn(request);
    const { action } = request;
    if (action === WriteAction.STAT) return this.#stat();
    if (action === WriteAction.WRITE || action === WriteAction.COMMIT) await this.#write(request);
    const { offset } = this.writer.status;
    const { digest } = this.writer;
    if (action === WriteAction.COMMIT) await this.writer.commit({ total: this.#total, expected: this.#expected, labels: request.labels });
    return this.#respond({ action, offset: BigInt(offset), digest });
  }

  /** Its ref is another's to write from now on. */
  close(): void {
    this.writer.close();
  }

  /** A later request may say what the first did not. */
  async #learn({ expected, total }: WriteContentRequest): Promise<void> {
    if (total > 0n) this.#total = checkedSize(total);
    if (expected === '') return;
    this.#expected = expected;
    if (!isHere(this.store, this.namespace, expected)) return;
    await this.writer.abort();
    throw new FaceError('already-exists', `blob with expected digest ${expected} exists`);
  }

  #stat(): WriteContentResponse {
    const { offset, startedNs, updatedNs } = this.writer.status;
    const times = { started_at: timestampOf(startedNs), updated_at: timestampOf(updatedNs) };
    return this.#respond({ action: WriteAction.STAT, offset: BigInt(offset), digest: this.writer.digest, ...times, total: BigInt(this.#total) });
  }

  async #write({ offset, data }: WriteContentRequest): Promise<void> {
    const at = this.writer.status.offset;
    if (offset !== 0n && offset !== BigInt(at)) throw new FaceError('out-of-range', `write @${String(offset)} must occur at current offset ${String(at)}`);
    if (offset === 0n && at > 0) await this.writer.truncate();
    if (data.length > 0) await this.writer.write(data);
  }

  /** Times and total are those of the last STAT. */
  #respond(response: Partial<WriteContentResponse> & Pick<WriteContentResponse, 'action' | 'offset' | 'digest'>): WriteContentResponse {
    const { started_at = timestampOf(undefined), updated_at = timestampOf(undefined), total = 0n } = this.last ?? {};
    this.last = { started_at, updated_at, total, ...response };
    return this.last;
  }
}

function isHere(store: ContentStore, namespace: string, digest: string): boolean {
  try {
    store.info(namespace, digest);
    return true;
  } catch (error) {
    if (error instanceof ImagesError) return false;
    throw error;
  }
}

/** More than any disk has would not be a number here any more. */
function checkedSize(size: bigint): number {
  if (size < 0n || size > BigInt(Number.MAX_SAFE_INTEGER)) throw new FaceError('invalid-argument', `total ${String(size)} is not a size`);
  return Number(size);
}
