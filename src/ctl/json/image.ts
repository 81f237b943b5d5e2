import type { Image } from '../../api/gen/holdfast/v1/images';
import { imageNameOf } from '../../runtime/text/image-name';
import { jsonTime } from '../text/moment';
import { type Schema, object } from './schema';

/** One image, for programs. */
export function imageJson({ name, digest, size_bytes: sizeBytes, created_at: created, updated_at: updated }: Image): object {
  return { name, short_name: shortName(name), digest, size_bytes: Number(sizeBytes), created_at: jsonTime(created), updated_at: jsonTime(updated) };
}

/** As people write it. */
export function shortName(name: string): string {
  return imageNameOf(name)?.short ?? name;
}

const text = { type: 'string' };
const time = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z$' };
export const imageSchema: Schema = object({ name: text, short_name: text, digest: text, size_bytes: { type: 'integer' }, created_at: time, updated_at: time });
