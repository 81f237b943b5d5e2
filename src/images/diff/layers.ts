import { randomUUID } from 'node:crypto';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createPipe } from '../../sys/files/files';
import type { BlobWriter, ContentStore } from '../content/content-store';
import type { Descriptor } from '../descriptor';
import { ImagesError, isCode } from '../errors';
import type { Mount } from '../mount';
import { type LayerLimits, defaultLimits } from './apply/limits';
import type { ApplyOptions, DiffOptions, DiffService } from './diff-service';
import type { LayerDone, LayerProcesses } from './layer-process';
import type { CompareRequest, Packing } from './process/request';

const UNPACKED = 'application/vnd.oci.image.layer.v1.tar';
const UNCOMPRESSED_LABEL = 'containerd.io/uncompressed';

/** Of layers (OCI image specification, "Media Types"; Docker's image manifest 2.2), without how they are packed. */
const LAYER = /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar)(?:[+.](gzip|zstd))?$/;

export interface LayersOptions {
  readonly content: ContentStore;
  readonly processes: LayerProcesses;
  /** Of the daemon's images: mounts are made in there, in a mount namespace that nobody else has. */
  readonly root: string;
  readonly limits?: LayerLimits;
}

/** Layers as archives: each is unpacked and made by a process of its own. */
export class Layers implements DiffService {
  readonly #options: LayersOptions;
  readonly #places: readonly [string, string];

  constructor(options: LayersOptions) {
    this.#options = options;
    this.#places = [join(options.root, 'layer-mounts', 'left'), join(options.root, 'layer-mounts', 'right')];
  }

  async apply(namespace: string, layer: Descriptor, mounts: readonly Mount[], { signal, sync = false }: ApplyOptions = {}): Promise<Descriptor> {
    const { content, processes, limits = defaultLimits } = this.#options;
    const blob = content.open(namespace, layer.digest);
    try {
      const request = { verb: 'apply' as const, blob: blob.path, mounts: plain(mounts), isPacked: isPacked(layer.mediaType), limits, sync, places: this.#places };
      const { digest, size } = await processes.apply(request, signal);
      return { mediaType: UNPACKED, digest, size, annotations: new Map() };
    } finally {
      blob.close();
    }
  }

  async diff(namespace: string, left: readonly Mount[], right: readonly Mount[], options: DiffOptions = {}): Promise<Descriptor> {
    const { mediaType = '', ref = '', labels = new Map<string, string>(), lease, signal, epochSeconds } = options;
    const type = mediaType === '' ? `${UNPACKED}+gzip` : mediaType;
    if (type !== UNPACKED && type !== `${UNPACKED}+gzip`) throw new ImagesError('not-implemented', `unsupported diff media type: ${type}`);
    const packing: Packing = type === UNPACKED ? 'plain' : 'gzip';
    const writer = await this.#options.content.writer(namespace, ref === '' ? `diff-${randomUUID()}` : ref, { lease });
    try {
      // Half of an earlier one is of no use.
      await writer.truncate();
      const request = { verb: 'compare' as const, left: plain(left), right: plain(right), packing, epochSeconds, places: this.#places };
      const { digest: unpacked } = await this.#write(request, writer, signal);
      const { digest } = writer;
      const size = writer.status.offset;
      try {
        // One that is not packed is its own digest.
        await writer.commit({ labels: packing === 'plain' ? labels : new Map([...labels, [UNCOMPRESSED_LABEL, unpacked]]) });
      } catch (error) {
        // The same layer was made before.
        if (!isCode(error, 'exists')) throw error;
      }
      return { mediaType: type, digest, size, annotations: new Map() };
    } catch (error) {
      await writer.abort().catch(() => undefined);
      throw error;
    } finally {
      writer.close();
    }
  }

  /** Small files of what mounts show, by their paths; those that are none are left out. @throws ImagesError */
  readFiles(mounts: readonly Mount[], paths: readonly string[], signal?: AbortSignal): Promise<Readonly<Record<string, string>>> {
    return this.#options.processes.read({ verb: 'read', mounts: plain(mounts), paths, places: this.#places }, signal);
  }

  async #write(request: CompareRequest, writer: BlobWriter, signal: AbortSignal | undefined): Promise<LayerDone> {
    const { readFd, writeFd } = createPipe();
    const socket = new Socket({ fd: readFd, readable: true, writable: false });
    const written = writeAll(socket, writer);
    // Nobody reads then, and its process ends.
    written.catch(() => { socket.destroy(); });
    const ran = this.#options.processes.compare(request, writeFd, signal).finally(() => { closeSync(writeFd); });
    const [writing, running] = await Promise.allSettled([written, ran]);
    // What could not be written is why the process failed, too.
    if (writing.status === 'rejected') throw writing.reason;
    if (running.status === 'rejected') throw running.reason;
    return running.value;
  }
}

async function writeAll(source: Socket, writer: BlobWriter): Promise<void> {
  for await (const piece of source as AsyncIterable<Buffer>) await writer.write(piece);
}

/** Whether it is a layer, by its media type: only those are unpacked. */
export function isLayer(mediaType: string): boolean {
  return LAYER.test(mediaType);
}

/** Whether a layer of that type may be packed: how, its first bytes say, and not its type. @throws ImagesError for what is no layer */
function isPacked(mediaType: string): boolean {
  const found = LAYER.exec(mediaType);
  if (found === null) throw new ImagesError('not-implemented', `failed to get stream processor for ${mediaType}: no processor for media-type`);
  // Docker's are often packed without saying so.
  return found[1] !== undefined || mediaType.includes('.docker.');
}

/** Without what else their objects have. */
function plain(mounts: readonly Mount[]): Mount[] {
  return mounts.map(({ type, source, options }) => ({ type, source, options: [...options] }));
}
