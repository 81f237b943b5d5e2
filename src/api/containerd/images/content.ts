import { type ContentServer, ContentService } from '../../gen/containerd/services/content/v1/content';
import { digestProblem } from '../../../images/content/digest';
import type { Logger } from '../../../runtime/logger';
import { type StreamVerb, type Verb, duplexStream, serverStream, unary } from '../../call';
import { FaceError } from '../errors';
import { matches } from '../filter/filter';
import { namespaceOf } from '../namespace';
import { recordEvent } from '../records/face';
import { statusOf } from '../status';
import { contentFields, infoMessage, ingestFields, statusMessage } from './content-message';
import type { ImagesParts } from './face';
import { filtersOf, inImageWords } from './image-errors';
import { sendInBlocks } from './in-blocks';
import { maskedLabels } from './label-mask';
import { readContent } from './read-content';
import { writeContent } from './write-content';

export { ContentService };

/** The service `containerd.services.content.v1.Content`. */
export function contentService({ content, tell }: ImagesParts, log: Logger): ContentServer {
  const options = (name: string, changes: boolean) => ({ name: `Content/${name}`, log, changes, statusOf });
  const reads = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary<Request, Answer>(options(name, false), (request, info) => inImageWords(() => verb(request, info)));
  const changes = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary<Request, Answer>(options(name, true), (request, info) => inImageWords(() => verb(request, info)));
  const streams = <Request extends object, Message>(name: string, verb: StreamVerb<Request, Message>) =>
    serverStream<Request, Message>(options(name, false), (request, info, send) => inImageWords(() => verb(request, info, send)));
  return {
    info: reads('Info', ({ digest }, { metadata }) => ({ info: infoMessage(content.info(namespaceOf(metadata), checked(digest))) })),
    update: changes('Update', async ({ info, update_mask: mask }, { metadata }) => {
      const digest = checked(info?.digest ?? '');
      const names = maskedLabels(mask, `content info ${JSON.stringify(digest)}`);
      return { info: infoMessage(await content.updateLabels(namespaceOf(metadata), digest, info?.labels ?? new Map(), names)) };
    }),
    list: streams('List', async ({ filters }, { metadata }, send) => {
      const parsed = filtersOf(filters);
      const infos = content.list(namespaceOf(metadata)).filter((info) => matches(parsed, contentFields(info)));
      // Without the time of the last change: so clients know it.
      await sendInBlocks(infos, send, (block) => ({ info: block.map((info) => ({ ...infoMessage(info), updated_at: undefined })) }));
    }),
    delete: changes('Delete', async ({ digest }, { metadata }) => {
      const namespace = namespaceOf(metadata);
      await content.delete(namespace, checked(digest));
      tell(recordEvent('content-delete', namespace, '', { digest }));
      return {};
    }),
    read: streams('Read', ({ digest, ...range }, { metadata, cancel }, send) => readContent(content.open(namespaceOf(metadata), checked(digest)), range, send, cancel)),
    status: reads('Status', async ({ ref }, { metadata }) => ({ status: statusMessage(await content.ingest(namespaceOf(metadata), ref)) })),
    listStatuses: reads('ListStatuses', async ({ filters }, { metadata }) => {
      const parsed = filtersOf(filters);
      const ingests = (await content.ingests(namespaceOf(metadata))).filter((ingest) => matches(parsed, ingestFields(ingest)));
      // What they are to be is told by Status alone: so clients know it.
      return { statuses: ingests.map((ingest) => ({ ...statusMessage(ingest), expected: '' })) };
    }),
    write: duplexStream(options('Write', false), (requests, info, send) => inImageWords(() => writeContent(content, requests, info, send))),
    abort: changes('Abort', async ({ ref }, { metadata }) => {
      await content.abort(namespaceOf(metadata), ref);
      return {};
    }),
  };
}

function checked(digest: string): string {
  if (digestProblem(digest) !== undefined) throw new FaceError('invalid-argument', `${JSON.stringify(digest)} failed validation`);
  return digest;
}
