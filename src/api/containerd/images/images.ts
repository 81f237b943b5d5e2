import { type Image, type ImagesServer, ImagesService } from '../../gen/containerd/services/images/v1/images';
import { digestProblem } from '../../../images/content/digest';
import type { ImageRecord } from '../../../records/image-record';
import { updatedLabels, withoutEmpty } from '../../../records/labels';
import type { Logger } from '../../../runtime/logger';
import { type Verb, unary } from '../../call';
import { FaceError, classError } from '../errors';
import { type FieldOf, matches, parseFilters } from '../filter/filter';
import { namespaceOf } from '../namespace';
import { recordEvent } from '../records/face';
import { statusOf } from '../status';
import { timestampOf } from '../time';
import type { ImagesParts } from './face';
import { inImageWords } from './image-errors';

export { ImagesService };

/** The service `containerd.services.images.v1.Images`: names of blobs, which need not be there. */
export function imagesService({ records, collector, tell, nowNs }: ImagesParts, log: Logger): ImagesServer {
  const reads = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary<Request, Answer>({ name: `Images/${name}`, log, changes: false, statusOf }, (request, info) => inImageWords(() => verb(request, info)));
  const changes = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary<Request, Answer>({ name: `Images/${name}`, log, changes: true, statusOf }, (request, info) => inImageWords(() => verb(request, info)));
  const { images } = records;
  const told = (type: 'image-create' | 'image-update', namespace: string, { name, labels }: ImageRecord): void => {
    tell(recordEvent(type, namespace, '', { name, labels: Object.fromEntries(labels) }));
  };
  return {
    get: reads('Get', ({ name }, { metadata }) => {
      const record = images.find(namespaceOf(metadata), name);
      if (record === undefined) throw notFound(name);
      return { image: messageOf(record) };
    }),
    list: reads('List', ({ filters }, { metadata }) => {
      const parsed = parseFilters(filters);
      return { images: images.list(namespaceOf(metadata)).filter((record) => matches(parsed, fieldsOf(record))).map(messageOf) };
    }),
    create: changes('Create', async ({ image }, { metadata }) => {
      const namespace = namespaceOf(metadata);
      const createdNs = nowNs();
      const record = recordOf(image, createdNs, createdNs);
      check(record);
      await images.create(namespace, record);
      told('image-create', namespace, record);
      return { image: messageOf(record) };
    }),
    update: changes('Update', async ({ image, update_mask: mask }, { metadata }) => {
      const namespace = namespaceOf(metadata);
      const asked = recordOf(image, 0n, 0n);
      if (asked.name === '') throw new FaceError('invalid-argument', 'Image.Name required');
      const record = await images.update(namespace, asked.name, (before) => {
        if (before === undefined) throw notFound(asked.name);
        const after = { ...updated(before, asked, mask ?? []), updatedNs: nowNs() };
        check(after);
        return after;
      });
      told('image-update', namespace, record);
      return { image: messageOf(record) };
    }),
    delete: changes('Delete', async ({ name, sync, target }, { metadata }) => {
      const namespace = namespaceOf(metadata);
      const found = images.find(namespace, name);
      if (target !== undefined && found !== undefined && found.target.digest !== target.digest) throw notFound(name);
      await images.delete(namespace, name);
      tell(recordEvent('image-delete', namespace, '', { name }));
      if (sync) await collector.run();
      else collector.soon();
      return {};
    }),
  };
}

function notFound(name: string): FaceError {
  return classError('not-found', `image ${JSON.stringify(name)}`);
}

function messageOf({ name, labels, target, createdNs, updatedNs }: ImageRecord): Image {
  const { mediaType: media_type, digest, size, annotations } = target;
  return {
    name,
    labels: new Map(labels),
    target: { media_type, digest, size: BigInt(size), annotations: new Map(annotations) },
    created_at: timestampOf(createdNs),
    updated_at: timestampOf(updatedNs),
  };
}

/** Its times are not the client's to say. */
function recordOf(image: Image | undefined, createdNs: bigint, updatedNs: bigint): ImageRecord {
  const { media_type: mediaType = '', digest = '', size = 0n, annotations = new Map<string, string>() } = image?.target ?? {};
  const target = { mediaType, digest, size: Number(size), annotations };
  return { name: image?.name ?? '', labels: withoutEmpty(image?.labels ?? new Map()), target, createdNs, updatedNs };
}

/** @throws FaceError */
function check({ name, target: { digest, size, mediaType } }: ImageRecord): void {
  if (name === '') throw new FaceError('invalid-argument', 'Image.Name required');
  const problem = digestProblem(digest);
  if (problem !== undefined) throw classError('invalid-argument', `Target.Digest ${JSON.stringify(digest)} invalid: ${problem}`);
  if (size <= 0 || !Number.isSafeInteger(size)) throw classError('invalid-argument', 'Target.Size must be greater than zero');
  if (mediaType === '') throw classError('invalid-argument', 'Target.MediaType must be set');
}

/** The record after an update of the fields that the mask names; without one all that may change are replaced. @throws FaceError */
function updated(before: ImageRecord, after: ImageRecord, mask: readonly string[]): ImageRecord {
  if (mask.length === 0) return { ...before, labels: updatedLabels(before.labels, after.labels, undefined), target: after.target };
  let record = before;
  for (const path of mask) record = { ...record, ...change(record, after, path) };
  return record;
}

function change(record: ImageRecord, after: ImageRecord, path: string): Partial<ImageRecord> {
  const dot = path.indexOf('.');
  const [field, key] = dot < 0 ? [path] : [path.slice(0, dot), path.slice(dot + 1)];
  const names = key === undefined ? undefined : [key];
  if (field === 'labels') return { labels: updatedLabels(record.labels, after.labels, names) };
  if (field === 'annotations') return { target: { ...record.target, annotations: updatedLabels(record.target.annotations, after.target.annotations, names) } };
  if (path === 'target') return { target: after.target };
  throw classError('invalid-argument', `cannot update ${JSON.stringify(path)} field on image ${JSON.stringify(record.name)}`);
}

/** What filters may ask of an image. */
function fieldsOf({ name, labels, target }: ImageRecord): FieldOf {
  return ([first, ...rest]) => {
    const [second, ...further] = rest;
    switch (first) {
      case 'name':
        return rest.length === 0 ? name : undefined;
      case 'labels':
        return labels.get(rest.join('.'));
      case 'annotations':
        return target.annotations.get(rest.join('.'));
      case 'target':
        if (further.length > 0) return undefined;
        return second === 'digest' ? target.digest : second === 'mediatype' ? target.mediaType : undefined;
      case undefined:
      default:
        return undefined;
    }
  };
}
