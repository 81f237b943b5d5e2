import type { IncomingMessage, ServerResponse } from 'node:http';
import { digestOf } from './image-archive';

export interface UploadsOptions {
  readonly find: (repository: string, digest: string) => Buffer | undefined;
  readonly put: (repository: string, blob: Buffer) => void;
  readonly refuse: (response: ServerResponse, status: number, code: string) => void;
}

/** Blobs on their way into a registry of the test's own (OCI distribution specification, "Pushing a blob in chunks"). */
export class TestUploads {
  /** The connections of the next parts are cut off once so many bytes of them have come. */
  readonly cuts: number[] = [];
  /** It forgets what was cut off. */
  forgets = false;
  /** What it says that it has, where that is something else. */
  claims: ((bytes: number) => number) | undefined;
  readonly #sessions = new Map<string, Buffer>();
  #last = 0;

  constructor(private readonly options: UploadsOptions) {}

  /** @returns whether it was about an upload */
  serve(method: string, target: string, incoming: IncomingMessage, response: ServerResponse): boolean {
    const { pathname, searchParams } = new URL(target, 'http://any');
    const [, repository = '', id] = /^\/v2\/(.+)\/blobs\/uploads\/(\w*)$/.exec(pathname) ?? [];
    if (id === undefined) return false;
    const held = this.#sessions.get(id);
    if (method === 'POST' && id === '') this.#begin(repository, searchParams, response);
    else if (held === undefined) this.options.refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN');
    else if (method === 'GET') this.#tell(response, 204, repository, id, held.length);
    else if (method === 'PATCH') void this.#append(repository, id, held, incoming, response);
    else this.#finish(repository, id, held, searchParams.get('digest') ?? '', response);
    return true;
  }

  #begin(repository: string, params: URLSearchParams, response: ServerResponse): void {
    const digest = params.get('mount') ?? '';
    const found = this.options.find(params.get('from') ?? '', digest);
    if (found !== undefined) {
      this.options.put(repository, found);
      response.writeHead(201, { location: `/v2/${repository}/blobs/${digest}` }).end();
      return;
    }
    const id = String((this.#last += 1));
    this.#sessions.set(id, Buffer.alloc(0));
    response.writeHead(202, { location: `/v2/${repository}/blobs/uploads/${id}?state=secret` }).end();
  }

  async #append(repository: string, id: string, held: Buffer, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const from = /^(\d+)-\d+$/.exec(incoming.headers['content-range'] ?? '')?.[1] ?? '0';
    if (Number(from) !== held.length) {
      this.options.refuse(response, 416, 'RANGE_INVALID');
      return;
    }
    const cut = this.cuts.shift();
    const pieces = [held];
    let bytes = 0;
    try {
      for await (const piece of incoming as AsyncIterable<Buffer>) {
        pieces.push(cut === undefined ? piece : piece.subarray(0, Math.max(0, cut - bytes)));
        bytes += piece.length;
        if (cut !== undefined && bytes >= cut) break;
      }
    } catch {
      // The client has gone.
    }
    const all = Buffer.concat(pieces);
    this.#sessions.set(id, all);
    if (cut === undefined) this.#tell(response, 202, repository, id, all.length);
    else response.destroy();
    if (cut !== undefined && this.forgets) this.#sessions.delete(id);
  }

  #tell(response: ServerResponse, status: number, repository: string, id: string, bytes: number): void {
    const said = this.claims?.(bytes) ?? bytes;
    response.writeHead(status, { location: `/v2/${repository}/blobs/uploads/${id}?state=other`, range: `0-${String(Math.max(0, said - 1))}` }).end();
  }

  #finish(repository: string, id: string, held: Buffer, digest: string, response: ServerResponse): void {
    if (digestOf(held) !== digest) {
      this.options.refuse(response, 400, 'DIGEST_INVALID');
      return;
    }
    this.#sessions.delete(id);
    this.options.put(repository, held);
    response.writeHead(201, { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest }).end();
  }
}
