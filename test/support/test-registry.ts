import { type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificate';
import { type MadeImage, digestOf } from './image-archive';
import { TestUploads } from './test-uploads';

/** A request as it came. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What happens instead of the usual answer, which `serve` gives. */
export type Instead = (about: { readonly request: SeenRequest; readonly response: ServerResponse; readonly serve: () => void }) => void;

/** Whom it lets in, and by which way. */
export interface Lock {
  readonly by: 'basic' | 'token';
  readonly username: string;
  readonly password: string;
}

const OCI = 'application/vnd.oci.image';

/** A registry of the test's own on the loopback (OCI distribution specification, "Pulling", "Pushing"), which can also be one that nobody would want. */
export class TestRegistry {
  readonly seen: SeenRequest[] = [];
  /** Undefined: everybody is let in. */
  lock: Lock | undefined;
  /** Answers of more than one piece are parts of a blob. */
  knowsRanges = true;
  /** What the token server gives, and what is let in. */
  token = 'a-token-that-is-secret';
  readonly uploads = new TestUploads({
    find: (repository, digest) => this.#documents.get(`/v2/${repository}/blobs/${digest}`)?.bytes,
    put: (repository, blob) => { this.putBlob(repository, blob); },
    refuse,
  });
  readonly #documents = new Map<string, { readonly bytes: Buffer; readonly mediaType: string }>();
  readonly #instead: { readonly end: string; readonly instead: Instead; left: number }[] = [];
  readonly #server: Server;

  private constructor(private readonly secure: { readonly name: string; readonly certificate: Certificate } | undefined) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => { void this.#answer(request, response); };
    this.#server = secure === undefined ? createServer(answer) : createSecureServer(secure.certificate, answer);
    // Who is answered otherwise need not be let go on.
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      if (this.#otherFor(request.url ?? '') === undefined) response.writeContinue();
      answer(request, response);
    });
  }

  /** @param secure by HTTPS, and known by that name alone */
  static async start(secure?: { readonly name: string; readonly certificate: Certificate }): Promise<TestRegistry> {
    const registry = new TestRegistry(secure);
    registry.#server.listen(0, '127.0.0.1');
    await once(registry.#server, 'listening');
    return registry;
  }

  /** As names of images begin with it. */
  get host(): string {
    return this.secure?.name ?? `localhost:${String(this.port)}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `${this.secure === undefined ? 'http' : 'https'}://${this.host}`;
  }

  /** What was asked for, without `/v2/` and the repository. */
  get asked(): readonly string[] {
    return this.seen.map(({ path }) => path.replace(/^\/v2\/.*?\/(?=manifests|blobs)/, ''));
  }

  /** @param tag names its manifest, too @returns the name of the image */
  push(repository: string, tag: string, image: MadeImage): string {
    for (const blob of [image.config, ...image.layers]) this.putBlob(repository, blob);
    this.putManifest(repository, tag, image.manifest, `${OCI}.manifest.v1+json`);
    return `${this.host}/${repository}:${tag}`;
  }

  /** An index, whose manifests are to be put beside it. */
  pushIndex(repository: string, tag: string, manifests: readonly object[]): Buffer {
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests }));
    this.putManifest(repository, tag, index, `${OCI}.index.v1+json`);
    return index;
  }

  putManifest(repository: string, tag: string, bytes: Buffer, mediaType: string): void {
    for (const reference of [tag, digestOf(bytes)]) this.#documents.set(`/v2/${repository}/manifests/${reference}`, { bytes, mediaType });
  }

  /** @param digest another than it has */
  putBlob(repository: string, bytes: Buffer, digest = digestOf(bytes)): void {
    this.#documents.set(`/v2/${repository}/blobs/${digest}`, { bytes, mediaType: 'application/octet-stream' });
  }

  /** The next requests whose path ends so are answered otherwise. */
  next(end: string, instead: Instead, times = 1): void {
    this.#instead.push({ end, instead, left: times });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    // Parts of blobs are taken as they come.
    if (incoming.method !== 'PATCH') for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
    const request = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body: Buffer.concat(pieces).toString() };
    this.seen.push(request);
    const [path = ''] = request.path.split('?');
    const other = this.#otherFor(request.path);
    const serve = (): void => { this.#serve(request, path, incoming, response); };
    if (other === undefined) serve();
    else {
      other.left -= 1;
      other.instead({ request, response, serve });
    }
  }

  #otherFor(target: string) {
    const [path = ''] = target.split('?');
    return this.#instead.find(({ end, left }) => left > 0 && path.endsWith(end));
  }

  #serve(request: SeenRequest, path: string, incoming: IncomingMessage, response: ServerResponse): void {
    if (path === '/token') this.#serveToken(request, response);
    else if (!this.#isLetIn(request.headers.authorization)) {
      const challenge = this.lock?.by === 'basic' ? 'Basic realm="test"' : `Bearer realm="${this.origin}/token",service="test",scope="repository:everything:pull,push,delete"`;
      refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': challenge });
    } else if (request.method === 'PUT' && path.includes('/manifests/')) {
      this.#takeManifest(request, path, response);
    } else if (!this.uploads.serve(request.method, request.path, incoming, response)) {
      const document = this.#documents.get(path);
      if (document === undefined) refuse(response, 404, path.includes('/blobs/') ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN');
      else this.#send(document, request, response);
    }
  }

  #takeManifest({ body, headers }: SeenRequest, path: string, response: ServerResponse): void {
    const [, repository = '', reference = ''] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(path) ?? [];
    const { config, layers = [], manifests = [] } = JSON.parse(body) as { config?: { digest: string }; layers?: { digest: string }[]; manifests?: { digest: string }[] };
    const wanted = [...[...(config === undefined ? [] : [config]), ...layers].map(({ digest }) => `blobs/${digest}`), ...manifests.map(({ digest }) => `manifests/${digest}`)];
    if (!wanted.every((name) => this.#documents.has(`/v2/${repository}/${name}`))) {
      refuse(response, 400, 'MANIFEST_BLOB_UNKNOWN');
      return;
    }
    const bytes = Buffer.from(body);
    this.putManifest(repository, reference, bytes, headers['content-type'] ?? '');
    response.writeHead(201, { location: path, 'docker-content-digest': digestOf(bytes) }).end();
  }

  #send({ bytes, mediaType }: { readonly bytes: Buffer; readonly mediaType: string }, { method, headers }: SeenRequest, response: ServerResponse): void {
    if (method === 'HEAD') {
      response.writeHead(200, { 'content-type': mediaType, 'content-length': bytes.length, 'docker-content-digest': digestOf(bytes) }).end();
      return;
    }
    const offset = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    if (offset === 0 || !this.knowsRanges) {
      response.writeHead(200, { 'content-type': mediaType, 'content-length': bytes.length }).end(bytes);
    } else {
      const part = bytes.subarray(offset);
      response.writeHead(206, { 'content-type': mediaType, 'content-length': part.length, 'content-range': `bytes ${String(offset)}-${String(bytes.length - 1)}/${String(bytes.length)}` }).end(part);
    }
  }

  #serveToken({ headers, body }: SeenRequest, response: ServerResponse): void {
    const isKnown = headers.authorization === this.#basic() || new URLSearchParams(body).get('refresh_token') === this.lock?.password;
    if (!isKnown) refuse(response, 401, 'DENIED');
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token: this.token }));
  }

  #basic(): string {
    return `Basic ${Buffer.from(`${this.lock?.username ?? ''}:${this.lock?.password ?? ''}`).toString('base64')}`;
  }

  #isLetIn(authorization: string | undefined): boolean {
    if (this.lock === undefined) return true;
    return authorization === (this.lock.by === 'basic' ? this.#basic() : `Bearer ${this.token}`);
  }
}

function refuse(response: ServerResponse, status: number, code: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ errors: [{ code, message: `a message with ${code}` }] }));
}
