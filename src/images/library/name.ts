import { type ImageName, imageNameOf } from '../../runtime/text/image-name';
import { ImagesError } from '../errors';

/** @throws ImagesError `invalid` */
export function parsedName(text: string): ImageName {
  const name = imageNameOf(text);
  if (name === undefined) throw new ImagesError('invalid', `${JSON.stringify(text)} is not a name of an image`);
  return name;
}

/** @throws ImagesError `invalid` */
export function fullName(text: string): string {
  return parsedName(text).full;
}
