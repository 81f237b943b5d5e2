import { ImagesError } from '../../images/errors';
import type { Library } from '../../images/library/library';
import type { Definition } from '../../records/definition';
import { parseJson } from '../../runtime/json';
import type * as messages from '../gen/holdfast/v1/containers';
import { RequestError } from '../errors';

/** The definition with what its image says; the same where it has none. @throws RequestError, ImagesError */
export async function ofImage(definition: Definition, { image }: messages.Definition, library: Library | undefined, cancel: AbortSignal): Promise<Definition> {
  if (image === undefined || library === undefined) return definition;
  const spec = parseJson(definition.containerSpec);
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) throw new RequestError('definition.container_spec: not an object', 'definition.container_spec');
  try {
    const { name, chain, stopSignal, spec: whole } = await library.runOf(image.name, { spec: { ...spec }, user: image.user, entrypoint: image.entrypoint }, cancel);
    return { ...definition, containerSpec: whole, image: { name, chain, stopSignal } };
  } catch (error) {
    if (error instanceof ImagesError && error.code === 'not-found') throw new RequestError(`there is no image ${image.name}`, 'definition.image.name');
    throw error;
  }
}
