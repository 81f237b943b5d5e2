import { createHash, randomUUID } from 'node:crypto';
import type { Labels } from '../../records/labels';
import type { Turns } from '../../sys/turns';
import type { BlobWriter } from '../content/content-store';
import type { Descriptor } from '../descriptor';
import { isLayer } from '../diff/layers';
import { ImagesError, isCode } from '../errors';
import { again } from '../registry/again';
import { RegistryFailure } from '../registry/failure';
import type { FoundManifest, Repository } from '../registry/repository';
import { JsonFields, OCI_INDEX, OCI_MANIFEST, isConfig, isIndex, isManifest } from './formats';
import type { DocumentSource } from './image-tree';
import type { KeptContent } from './kept-content';

export interface RegistryIntakeParts {
  readonly content: KeptContent;
  readonly repository: Repository;
  /** What the blobs that are fetched are labelled with. */
  readonly labels: Labels;
  /** Of all pulls: what one registry is to send twice comes once. */
  readonly turns: Turns;
  /** Before a registry is asked again that has failed. Milliseconds. */
  readonly firstPauseMs: number;
  readonly signal: AbortSignal;
}

/** More than this is no layer. */
const MOST_LAYER_BYTES = 256 * 1024 ** 3;
/** Written at once: each time costs a message to the thread that writes. */
const pieceBytes = 512 << 10;

/** The blobs of an image of a registry: those that are not here are fetched, and looked at as they come. */
export class RegistryIntake implements DocumentSource {
  constructor(private readonly parts: RegistryIntakeParts) {}

  /** What a tag or a digest is, which is here then. @throws ImagesError, RegistryFailure */
  async target(tag: string, digest: string): Promise<Descriptor> {
    const { content } = this.parts;
    if (digest !== '' && (await content.keepWhole(digest))) return targetOf(digest, { bytes: await content.whole(digest), mediaType: '', from: digest });
    const found = await this.#manifest(digest === '' ? tag : digest);
    const came = digestOf(found.bytes);
    if (digest !== '' && came !== digest) throw otherDigest(found.from, came, digest);
    const target = targetOf(came, found);
    await this.#keep(came, found.bytes);
    return target;
  }

  has(digest: string): boolean {
    return this.parts.content.has(digest);
  }

  /** A manifest, an index or a configuration; fetched where it is not here. @throws ImagesError, RegistryFailure */
  async json(descriptor: Descriptor): Promise<Uint8Array> {
    const { content } = this.parts;
    const { digest, mediaType } = descriptor;
    if (await content.keepWhole(digest)) return content.json(descriptor);
    if (isIndex(descriptor) || isManifest(descriptor)) {
      const found = await this.#manifest(digest);
      const came = digestOf(found.bytes);
      if (came !== digest) throw otherDigest(found.from, came, digest);
      await this.#keep(digest, found.bytes);
    } else {
      if (!isConfig(descriptor)) throw new ImagesError('invalid', `${digest} is no image's configuration, but ${JSON.stringify(mediaType)}`);
      content.checkLength(descriptor, descriptor.size);
      await this.#fetch(descriptor, () => undefined);
    }
    return content.json(descriptor);
  }

  /** @param onBytes how much of it is here @throws ImagesError, RegistryFailure */
  async layer(descriptor: Descriptor, onBytes: (bytes: number) => void): Promise<void> {
    const { digest, mediaType, size } = descriptor;
    if (!isLayer(mediaType)) throw new ImagesError('invalid', `the layer ${digest} is ${JSON.stringify(mediaType)}, which is none that can be unpacked`);
    if (size > MOST_LAYER_BYTES) throw new ImagesError('invalid', `the layer ${digest} has ${String(size)} bytes, more than ${String(MOST_LAYER_BYTES)}`);
    await this.#fetch(descriptor, onBytes);
  }

  #manifest(reference: string): Promise<FoundManifest> {
    const { repository, signal, firstPauseMs } = this.parts;
    return again(() => repository.manifest(reference), { signal, firstPauseMs });
  }

  async #keep(digest: string, bytes: Buffer): Promise<void> {
    const { content, labels } = this.parts;
    if (!(await content.keepWhole(digest))) await content.put(`pull-${randomUUID()}`, bytes, labels);
  }

  async #fetch(descriptor: Descriptor, onBytes: (bytes: number) => void): Promise<void> {
    const { content, repository, turns } = this.parts;
    const { digest, size } = descriptor;
    await turns.run(`${repository.host} ${digest}`, async () => {
      if (!(await content.keepWhole(digest))) await this.#fill(descriptor, onBytes);
    });
    if (content.sizeOf(digest) !== size) throw new ImagesError('invalid', `${digest} has ${String(content.sizeOf(digest))} bytes, and is said to have ${String(size)}`);
    onBytes(size);
  }

  async #fill(descriptor: Descriptor, onBytes: (bytes: number) => void): Promise<void> {
    const { content, labels, signal, firstPauseMs } = this.parts;
    const { digest } = descriptor;
    const writer = await this.#writerOf(descriptor);
    if (writer === undefined) return;
    try {
      // What a power cut has left may not be what was written.
      let isLeft = writer.status.offset > 0;
      let from = '';
      for (;;) {
        from = await again(() => this.#append(writer, descriptor, onBytes), { signal, firstPauseMs, progress: () => writer.status.offset });
        if (writer.digest === digest || !isLeft) break;
        isLeft = false;
        await writer.truncate();
      }
      if (writer.digest !== digest) throw otherDigest(from, writer.digest, digest);
      await content.commit(writer, labels);
    } catch (error) {
      // What was cut off is gone on with; what is wrong is of no use to anybody.
      if (error instanceof ImagesError && error.code === 'invalid') await writer.abort().catch(() => undefined);
      throw error;
    } finally {
      writer.close();
    }
  }

  /** Its ref is the one that ctr has for it, too: either goes on with what the other has left. Undefined: it is here by now. */
  async #writerOf({ digest, size }: Descriptor): Promise<BlobWriter | undefined> {
    const { content } = this.parts;
    const wishes = { total: size, expected: digest };
    try {
      return await content.writer(`layer-${digest}`, wishes);
    } catch (error) {
      if (isCode(error, 'exists') && (await content.keepWhole(digest))) return undefined;
      // Somebody else has it under way, who may be slow.
      if (error instanceof ImagesError && error.code === 'locked') return content.writer(`layer-${digest}-${randomUUID()}`, wishes);
      throw error;
    }
  }

  /** What is not there yet of it. @returns where it has come from @throws RegistryFailure: a transient one where it was cut off */
  async #append(writer: BlobWriter, { digest, size }: Descriptor, onBytes: (bytes: number) => void): Promise<string> {
    if (writer.status.offset > size) await writer.truncate();
    if (writer.status.offset === size) return digest;
    const { offset, pieces, from } = await this.parts.repository.blob(digest, writer.status.offset, size);
    if (offset !== writer.status.offset) await writer.truncate();
    for await (const { parts, bytes } of gathered(pieces)) {
      if (writer.status.offset + bytes > size) throw new RegistryFailure('invalid', `${from}: more than the ${String(size)} bytes that are said to be there`);
      await writer.write(...parts);
      onBytes(writer.status.offset);
    }
    const { offset: end } = writer.status;
    if (end < size) throw new RegistryFailure('registry', `${from}: cut off after ${String(end)} of ${String(size)} bytes`, { isTransient: true });
    return from;
  }
}

/** Many small pieces at once. What has come before a failure comes before it. */
async function* gathered(pieces: AsyncIterable<Buffer>): AsyncGenerator<{ readonly parts: readonly Buffer[]; readonly bytes: number }, void, undefined> {
  let held: Buffer[] = [];
  let bytes = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const piece of pieces) {
      held.push(piece);
      bytes += piece.length;
      if (bytes < pieceBytes) continue;
      yield { parts: held, bytes };
      held = [];
      bytes = 0;
    }
  } catch (error) {
    failure = { error };
  }
  if (bytes > 0) yield { parts: held, bytes };
  if (failure !== undefined) throw failure.error;
}

/** Its kind is what it says itself, or else what the registry says. @throws ImagesError for what is neither an index nor a manifest */
function targetOf(digest: string, { bytes, mediaType, from }: FoundManifest): Descriptor {
  const fields = JsonFields.parse(bytes, from);
  if (fields.number('schemaVersion') === 1) throw new ImagesError('invalid', `${from}: a manifest of schema 1, which is of before 2016: push the image again with a newer Docker`);
  const guess = fields.names.includes('manifests') ? OCI_INDEX : OCI_MANIFEST;
  const said = fields.text('mediaType');
  const target = { mediaType: said === '' ? guess : said, digest, size: bytes.length, annotations: new Map<string, string>() };
  if (!isIndex(target) && !isManifest(target)) throw new ImagesError('invalid', `${from}: no image, but ${JSON.stringify(target.mediaType)}`);
  // One document that two read as two things is somebody's trick.
  if (mediaType !== '' && said !== '' && mediaType !== said && (isIndex({ ...target, mediaType }) || isManifest({ ...target, mediaType }))) {
    throw new ImagesError('invalid', `${from}: sent as ${mediaType}, and says of itself that it is ${said}`);
  }
  return target;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function otherDigest(from: string, came: string, expected: string): RegistryFailure {
  return new RegistryFailure('invalid', `${from}: what has come has the digest ${came}, and not ${expected}`);
}
