import type { Library } from '../../images/library/library';
import type { Logger } from '../../runtime/logger';
import type { ServiceError } from '@grpc/grpc-js';
import type { ImagesServer, LoadRequest, LoadResponse } from '../gen/holdfast/v1/images';
import { type Verb, duplexStream, serverStream, unary } from '../call';
import { RequestError } from '../errors';
import { imageMessage } from './image-message';
import { pull, push } from './transfer';

/** The service `holdfast.v1.Images`. */
export function imagesService(library: Library, log: Logger, statusOf: (error: unknown) => ServiceError): ImagesServer {
  const options = (name: string, changes: boolean) => ({ name: `holdfast/images/${name}`, log, changes, statusOf });
  const call = <Request extends object, Answer>(name: string, changes: boolean, verb: Verb<Request, Answer>) => unary<Request, Answer>(options(name, changes), verb);
  return {
    load: duplexStream<LoadRequest, LoadResponse>(options('Load', true), async (requests, { cancel }, send) => {
      const { name, bytes } = await begun(requests);
      const onLayer = (image: string, layer: number, layers: number): void => { send({ progress: { name: image, layer, layers }, loaded: undefined }); };
      for await (const image of library.load(bytes, name, onLayer, cancel)) send({ progress: undefined, loaded: imageMessage(image) });
    }),
    pull: serverStream(options('Pull', true), pull(library)),
    push: serverStream(options('Push', true), push(library)),
    tag: call('Tag', true, async ({ name, new_name: newName }) => ({ image: imageMessage(await library.tag(name, newName)) })),
    list: call('List', false, async ({ names }) => ({ images: (await library.list(names)).map(imageMessage) })),
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
