import type { ContentRecord } from '../../records/content-record';
import { ImagesError } from '../errors';
import type { FileThread } from '../files/file-thread';
import type { ContentPlaces } from './places';

/** Whether the file of a blob has all of its bytes. It does when a client is told of it; but files vanish, and are cut short, by other hands than ours. */
export async function isWhole(thread: FileThread, places: ContentPlaces, { digest, size }: Pick<ContentRecord, 'digest' | 'size'>): Promise<boolean> {
  return (await thread.call('written', [places.blob(digest)]))?.size === size;
}

export function notWhole(digest: string, path: string): ImagesError {
  return new ImagesError('failed', `the blob ${digest} is no longer whole on the disk (${path}): what has it is to be pulled or loaded again`);
}
