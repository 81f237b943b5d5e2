import { type DiffServer, DiffService } from '../../gen/containerd/services/diff/v1/diff';
import { ImagesError } from '../../../images/errors';
import type { Logger } from '../../../runtime/logger';
import { type Verb, unary } from '../../call';
import { classError } from '../errors';
import { statusOf } from '../status';
import { descriptorMessage, descriptorOf } from './descriptor-message';
import { type ImagesParts, placeOf } from './face';
import { inImageWords } from './image-errors';

export { DiffService };

/** The service `containerd.services.diff.v1.Diff`: layers are unpacked and made by processes of their own, which end with their call. */
export function diffService({ diff: layers }: ImagesParts, log: Logger): DiffServer {
  const changes = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary<Request, Answer>({ name: `Diff/${name}`, log, changes: true, statusOf }, (request, info) => inImageWords(() => verb(request, info)));
  return {
    apply: changes('Apply', async ({ diff, mounts, sync_fs: sync }, { metadata, cancel }) => {
      const { namespace } = placeOf(metadata);
      if (diff === undefined) throw classError('invalid-argument', 'no descriptor of a layer');
      try {
        return { applied: descriptorMessage(await layers.apply(namespace, descriptorOf(diff), mounts, { signal: cancel, sync })) };
      } catch (error) {
        if (!(error instanceof ImagesError && error.code === 'not-found')) throw error;
        throw classError('not-found', `failed to get reader from content store: ${error.message}`, { cause: error });
      }
    }),
    diff: changes('Diff', async ({ left, right, media_type: mediaType, ref, labels, source_date_epoch: epoch }, { metadata, cancel }) => {
      const { namespace, lease } = placeOf(metadata);
      const options = { mediaType, ref, labels, lease, signal: cancel, epochSeconds: epoch === undefined ? undefined : Number(epoch.seconds) };
      return { diff: descriptorMessage(await layers.diff(namespace, left, right, options)) };
    }),
  };
}
