import { type Image, ImagesService, type LoadRequest, type LoadResponse, type PullResponse, type PushResponse, type RegistryLogin, type SaveResponse } from '../../api/gen/holdfast/v1/images';
import { isCtlError } from '../errors';
import type { Call } from '../grpc/call';
import type { Caller } from './definition-calls';
import type { MessageStream } from './message-stream';

/** The calls of holdfast.v1.Images. Every method rejects with a CtlError. */
export class ImageCalls {
  constructor(private readonly caller: Caller, private readonly join: () => { readonly call: Call<LoadRequest, LoadResponse>; readonly answers: MessageStream<LoadResponse> }) {}

  /** @param names none: all */
  async list(names: readonly string[] = []): Promise<readonly Image[]> {
    return (await this.caller.ask(ImagesService.list, { names: [...names] })).images;
  }

  async isThere(name: string): Promise<boolean> {
    try {
      return (await this.list([name])).length > 0;
    } catch (error) {
      if (isCtlError(error, 'no-such-process')) return false;
      throw error;
    }
  }

  /** @returns them in full */
  async remove(names: readonly string[]): Promise<readonly string[]> {
    return (await this.caller.ask(ImagesService.remove, { names: [...names] })).names;
  }

  /** How far it is, and at last the image. Closing it ends the pull. @param name in full @param login for its registry */
  pull(name: string, login: RegistryLogin | undefined): MessageStream<PullResponse> {
    return this.caller.stream(ImagesService.pull, { name, login });
  }

  /** How far it is, and at last where it is. Closing it ends the push. @param to its name there; empty: as here @param login for that registry */
  push(name: string, to: string, login: RegistryLogin | undefined): MessageStream<PushResponse> {
    return this.caller.stream(ImagesService.push, { name, to, login });
  }

  /** @returns it by its new name */
  async tag(name: string, newName: string): Promise<Image | undefined> {
    return (await this.caller.ask(ImagesService.tag, { name, new_name: newName })).image;
  }

  save(names: readonly string[]): MessageStream<SaveResponse> {
    return this.caller.stream(ImagesService.save, { names: [...names] });
  }

  /** Sends an archive as fast as it is taken. @param name empty: as the archive has it */
  async *load(archive: AsyncIterable<Buffer>, name: string): AsyncGenerator<LoadResponse, void, undefined> {
    const { call, answers } = this.join();
    const sent = sendAll(call, archive, name);
    // A daemon that refuses reads no more: what it says is why.
    sent.catch(() => { answers.close(); });
    yield* answers;
    await sent;
  }
}

async function sendAll(call: Call<LoadRequest, LoadResponse>, archive: AsyncIterable<Buffer>, name: string): Promise<void> {
  let wake: () => void = () => undefined;
  call.onDrain(() => { wake(); });
  call.write({ name, data: Buffer.alloc(0) });
  for await (const data of archive) {
    const drained = new Promise<void>((resolve) => { wake = resolve; });
    if (!call.write({ name: '', data })) await drained;
  }
  call.end();
}
