import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckpointRecord } from '../../runtime/state-dir/checkpoint-file';
import { faultPoint } from '../../sys/fault';
import type { BlobWriter, ContentStore } from '../content/content-store';
import type { Descriptor } from '../descriptor';
import type { DiffService } from '../diff/diff-service';
import { ImagesError, isCode } from '../errors';
import type { FileThread } from '../files/file-thread';
import { shown } from '../library/formats';
import type { Mount } from '../mount';

/** As containerd's clients know them. */
const CHECKPOINT = 'application/vnd.containerd.container.criu.checkpoint.criu.tar';
const CHECKPOINT_CONFIG = 'application/vnd.containerd.container.checkpoint.config.v1+proto';
const TAR = 'application/vnd.oci.image.layer.v1.tar';

/** Of criu's log, which has all that it looks at. */
const LOG_END_BYTES = 16 << 10;
const MOST_ERRORS = 4;

export interface CheckpointsParts {
  readonly content: ContentStore;
  readonly layers: DiffService;
  /** Directory of the daemon's images. */
  readonly root: string;
  readonly quick: FileThread;
  /** For what takes its time. */
  readonly slow: FileThread;
}

/** Where a checkpoint's files are while they are made, or restored from. */
export interface CheckpointPlace {
  /** Of criu's images, and of nothing else. */
  readonly imagePath: string;
  /** Of criu's logs. */
  readonly workPath: string;
}

/** Who has the blobs. */
export interface BlobOwner {
  readonly namespace: string;
  readonly lease: string | undefined;
}

/** Checkpoints of containers as blobs: the archive of criu's images, and the container's spec. Their files lie in a directory of the daemon's own meanwhile. */
export class Checkpoints {
  readonly #inUse = new Set<string>();
  readonly #directory: string;

  constructor(private readonly parts: CheckpointsParts) {
    this.#directory = join(parts.root, 'checkpoints');
  }

  /** Makes a place, has it used, and takes it away, however that ends. */
  async inPlace<T>(work: (place: CheckpointPlace) => Promise<T>): Promise<T> {
    const { quick, slow } = this.parts;
    const name = randomUUID();
    const own = join(this.#directory, name);
    const place = { imagePath: join(own, 'images'), workPath: join(own, 'work') };
    this.#inUse.add(name);
    try {
      await quick.call('makeDirectories', [place.imagePath, place.workPath]);
      faultPoint('daemon.checkpoint.place-made');
      return await work(place);
    } finally {
      // What cannot be removed now goes after the next start.
      await slow.call('removeTree', [own], [], 'unlimited').catch(() => undefined);
      this.#inUse.delete(name);
    }
  }

  /** What criu has failed at, by its log, which goes with its place; on one line, and empty where that says nothing. */
  async failureIn({ workPath }: CheckpointPlace): Promise<string> {
    const path = join(workPath, 'dump.log');
    const { size = 0 } = (await this.parts.quick.call('written', [path])) ?? {};
    const log = Buffer.from(await this.parts.quick.call('read', [path, Math.max(0, size - LOG_END_BYTES), LOG_END_BYTES])).toString('utf8');
    const errors = [...log.matchAll(/Error \([^)]*\): (.*)/g)].map(([, words = '']) => shown(words));
    // The first of these is why, and the others what came of it.
    return errors.slice(-MOST_ERRORS).join('; ');
  }

  /** Makes blobs of the images, and of the spec. Where one cannot be made there is none, unless it was there before. @param spec as a message of protobuf @throws ImagesError */
  async save({ namespace, lease }: BlobOwner, imagePath: string, spec: Uint8Array, signal: AbortSignal): Promise<readonly [Descriptor, Descriptor]> {
    const archive = await this.parts.layers.diff(namespace, [], [bind(imagePath)], { mediaType: TAR, lease, signal });
    faultPoint('daemon.checkpoint.archived');
    const config = await this.#put({ namespace, lease }, spec);
    faultPoint('daemon.checkpoint.saved');
    return [{ ...archive, mediaType: CHECKPOINT }, config];
  }

  /** Unpacks a checkpoint into a place, from which a container can be restored then. @throws ImagesError */
  async unpack(namespace: string, checkpoint: Descriptor, { imagePath }: CheckpointPlace, signal: AbortSignal): Promise<void> {
    if (checkpoint.mediaType !== CHECKPOINT) throw new ImagesError('failed', `unsupported checkpoint type ${JSON.stringify(checkpoint.mediaType)}`);
    await this.parts.layers.apply(namespace, { ...checkpoint, mediaType: TAR }, [bind(imagePath)], { signal });
    // It has none of its own: whoever made it has told nobody of its flags.
    const record: CheckpointRecord = { created: new Date().toISOString(), name: 'checkpoint', tcp: false, unixSockets: false, shell: false, exit: false, emptyNS: [] };
    await this.parts.quick.call('describeCheckpoint', [imagePath, record]);
    faultPoint('daemon.checkpoint.unpacked');
  }

  /** Whether a kill may have left some: a daemon that has made none has no such directory. */
  get hasFiles(): boolean {
    return existsSync(this.#directory);
  }

  /** Takes away what a kill has left. */
  async removeStrays(): Promise<void> {
    const { quick, slow } = this.parts;
    for (const name of await quick.call('names', [this.#directory])) {
      if (!this.#inUse.has(name)) await slow.call('removeTree', [join(this.#directory, name)], [], 'unlimited');
    }
    // By the thread that makes places: one that has been made meanwhile is in it, and one that is made later makes it anew.
    await quick.call('removeEmptyDirectory', [this.#directory]);
  }

  async #put({ namespace, lease }: BlobOwner, bytes: Uint8Array): Promise<Descriptor> {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const descriptor = { mediaType: CHECKPOINT_CONFIG, digest, size: bytes.length, annotations: new Map<string, string>() };
    let writer: BlobWriter;
    try {
      writer = await this.parts.content.writer(namespace, `checkpoint-${randomUUID()}`, { expected: digest, total: bytes.length, lease });
    } catch (error) {
      // Of an earlier checkpoint of the same container; the lease has it, too, then.
      if (isCode(error, 'exists')) return descriptor;
      throw error;
    }
    try {
      // Another namespace may have it.
      if (writer.status.offset === 0) await writer.write(bytes);
      await writer.commit({});
      return descriptor;
    } catch (error) {
      await writer.abort().catch(() => undefined);
      throw error;
    } finally {
      writer.close();
    }
  }
}

function bind(source: string): Mount {
  return { type: 'bind', source, options: ['rbind', 'rw'] };
}
