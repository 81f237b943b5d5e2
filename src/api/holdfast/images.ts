import type { Library, ImageInfo } from '../../images/library/library';
import type { Logger } from '../../runtime/logger';
import type { ServiceError } from '@grpc/grpc-js';
import { type Image, type ImagesServer, type LoadRequest, type LoadResponse } from '../gen/holdfast/v1/images';
import { type Verb, duplexStream, serverStream, unary } from '../call';
import { RequestError } from '../errors';
import { timestampOf } from './time';

/** The service `holdfast.v1.Images`. */
export function imagesService(library: Library, log: Logger, statusOf: (error: unknown) => ServiceError): ImagesServer {
  const options = (name: string, changes: boolean) => ({ name: `holdfast/images/${name}`, log, changes, statusOf });
  const call = <Request extends object, Answer>(name: string, changes: boolean, verb: Verb<Request, Answer>) => unary<Request, Answer>(options(name, changes), verb);
  return {
    load: duplexStream<LoadRequest, LoadResponse>(options('Load', true), async (requests, { cancel }, send) => {
      const { name, bytes } = await begun(requests);
      const onLayer = (image: string, layer: number, layers: number): void => { send({ progress: { name: image, layer, layers }, loaded: undefined }); };
      for await (const image of library.load(bytes, name, onLayer, cancel)) send({ progress: undefined, loaded: messageOf(image) });
    }),
    list: call('List', false, async ({ names }) => ({ images: (await library.list(names)).map(messageOf) })),
    remove: call('Remove', true, async ({ names }) => {
      if (names.length === 0) throw new RequestError('no image is named', 'names');
      return { names: [...(await library.remove(names))] };
    }),
    save: serverStream(options('Save', false), async ({ names }, { cancel }, send) => {
      for await (const data of library.save(names)) {
        send({ data: Buffer.from(data) });
        await send.untilRoom();
        if (cancel.aborted) return;
      }
    }),
  };
}

/** What the first request says, and the bytes of all. @throws RequestError where none comes */
async function begun(requests: AsyncIterable<LoadRequest>): Promise<{ readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }> {
  const iterator = requests[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) throw new RequestError('no archive has come', 'data');
  const { name, data } = first.value;
  const bytes = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    yield data;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value.data;
  };
  return { name, bytes: bytes() };
}

function messageOf({ name, digest, size, createdNs, updatedNs }: ImageInfo): Image {
  return { name, digest, size_bytes: BigInt(size), created_at: timestampOf(createdNs), updated_at: timestampOf(updatedNs) };
}
