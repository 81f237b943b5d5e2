import type { ImageName } from '../../runtime/text/image-name';
import type { Labels } from '../../records/labels';
import type { KeptContent } from './kept-content';

/** Where a blob has come from. containerd's clients ask there for what a push to the same registry need not send again. */
export interface BlobSource {
  /** The label's name, which has the registry's, without its port. */
  readonly label: string;
  readonly repository: string;
}

/** containerd refuses labels of more bytes, name and value together. */
const MOST_LABEL_BYTES = 4096;

export function blobSourceOf({ host, repository }: Pick<ImageName, 'host' | 'repository'>): BlobSource {
  return { label: `containerd.io/distribution.source.${new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '')}`, repository };
}

/** Of a blob that was not here before. */
export function labelsOf({ label, repository }: BlobSource): Labels {
  return new Map([[label, repository]]);
}

/** The repositories of that registry that a blob is known to be in. */
export function sourcesOf(content: KeptContent, digest: string, { label }: Pick<BlobSource, 'label'>): readonly string[] {
  const known = content.labelOf(digest, label);
  return known === '' ? [] : known.split(',');
}

/** Has blobs that were here, too, say that they are there: the repositories of a registry are one list, in order, each once. One that is full stays as it is. */
export async function addSource(content: KeptContent, digests: readonly string[], source: BlobSource): Promise<void> {
  const { label, repository } = source;
  for (const digest of new Set(digests)) {
    const known = sourcesOf(content, digest, source);
    if (known.includes(repository)) continue;
    const after = [...known, repository].sort().join(',');
    if (Buffer.byteLength(label + after) <= MOST_LABEL_BYTES) await content.label(digest, new Map([[label, after]]));
  }
}
