import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Where the files of blobs are, below the directory of images: as containerd has them below its root. */
export class ContentPlaces {
  readonly blobs: string;
  readonly ingests: string;

  constructor(root: string) {
    const content = join(root, 'io.containerd.content.v1.content');
    this.blobs = join(content, 'blobs', 'sha256');
    this.ingests = join(content, 'ingest');
  }

  /** @param digest a checked one */
  blob(digest: string): string {
    return join(this.blobs, digest.slice('sha256:'.length));
  }

  /** A ref may be any text, and as long as a client likes. */
  ingest(namespace: string, ref: string): string {
    return join(this.ingests, createHash('sha256').update(`${namespace}/${ref}`).digest('hex'));
  }
}
