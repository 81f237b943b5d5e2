import type { ImageInfo } from '../../images/library/answers';
import type { Image } from '../gen/holdfast/v1/images';
import { timestampOf } from './time';

export function imageMessage({ name, digest, size, createdNs, updatedNs }: ImageInfo): Image {
  return { name, digest, size_bytes: BigInt(size), created_at: timestampOf(createdNs), updated_at: timestampOf(updatedNs) };
}
