import { formatSize } from '../../runtime/text/size';
import { followed } from './endpoint';
import { RegistryFailure, placeOf } from './failure';
import { type HttpBody, bodyHeaders } from './http-body';
import type { HttpAnswer, HttpClient, HttpQuestion } from './http-client';
import type { Place } from './place';

/** A blob that is being sent. */
export interface UploadSession {
  /** Where it goes on: a registry may name another address after each part. */
  readonly at: URL;
  /** Bytes that the registry says it has. */
  readonly offset: number;
}

/** Answers to what is sent are empty, or say why not. */
const mostAnswerBytes = 64 << 10;

/** One repository of a registry, to be written (OCI distribution specification, "Pushing"). */
export class Destination {
  constructor(private readonly http: HttpClient, private readonly place: Place, readonly host: string, readonly repository: string) {}

  /** @throws RegistryFailure */
  async hasBlob(digest: string): Promise<boolean> {
    return (await this.#ask(this.place.url(`blobs/${digest}`), { method: 'HEAD' }, [200, 404])).status === 200;
  }

  /** What a tag or a digest stands for there, as the registry says; empty: nothing, or it does not say. @throws RegistryFailure */
  async manifestDigest(reference: string, mediaType: string): Promise<string> {
    const { status, headers } = await this.#ask(this.place.url(`manifests/${reference}`), { method: 'HEAD', headers: { accept: mediaType } }, [200, 404]);
    return status === 200 ? digestIn(headers) : '';
  }

  /** Begins to send a blob. @param from another repository of this registry that may have it, and which then need only be named; empty: none @returns undefined: it is there now @throws RegistryFailure */
  async begin(digest: string, from: string): Promise<UploadSession | undefined> {
    const url = this.place.url('blobs/uploads/');
    if (from !== '') for (const [name, value] of [['mount', digest], ['from', from]] as const) url.searchParams.set(name, value);
    const answer = await this.#ask(url, { method: 'POST', headers: { 'content-length': 0 } }, from === '' ? [202] : [201, 202]);
    return answer.status === 201 ? undefined : { at: nextOf(answer), offset: 0 };
  }

  /** What the registry has of a blob that was cut off; undefined: nothing that could be gone on with. @throws RegistryFailure */
  async progressOf({ at }: UploadSession): Promise<UploadSession | undefined> {
    const answer = await this.place.ask(at);
    await this.http.wholeOf(answer, mostAnswerBytes).catch(() => undefined);
    const offset = endIn(answer);
    // `0-0` is said of nothing, too.
    return answer.status === 204 && offset !== undefined && offset > 1 ? { at: nextOf(answer, at), offset } : undefined;
  }

  /** Sends the rest of a blob. @param size of all of it @throws RegistryFailure: `not-found` where the registry goes on with it no more */
  async send({ at, offset }: UploadSession, size: number, body: HttpBody): Promise<UploadSession> {
    const range = offset === 0 ? {} : { 'content-range': `${String(offset)}-${String(size - 1)}` };
    const headers = { ...bodyHeaders(body), ...range, 'content-type': 'application/octet-stream' };
    const answer = await this.#ask(at, { method: 'PATCH', headers, body, isLong: true }, [202, 201, 204], size);
    return { at: nextOf(answer, at), offset: endIn(answer) ?? size };
  }

  /** All of it is there. @throws RegistryFailure */
  async finish({ at }: UploadSession, digest: string): Promise<void> {
    const url = new URL(at);
    url.searchParams.set('digest', digest);
    const answer = await this.#ask(url, { method: 'PUT', headers: { 'content-length': 0 }, isLong: true }, [201, 204]);
    checkDigest(answer, digest);
  }

  /** @throws RegistryFailure */
  async putManifest(reference: string, mediaType: string, bytes: Uint8Array, digest: string): Promise<void> {
    const question: HttpQuestion = { method: 'PUT', headers: { 'content-type': mediaType, 'content-length': bytes.length }, body: bytes };
    checkDigest(await this.#ask(this.place.url(`manifests/${reference}`), question, [201, 200, 202], bytes.length), digest);
  }

  /** @param fine statuses of an answer; others are refusals */
  async #ask(url: URL, question: HttpQuestion, fine: readonly number[], size = 0): Promise<HttpAnswer> {
    const answer = await this.place.ask(url, question);
    if (answer.status === 413) {
      answer.body.destroy();
      throw new RegistryFailure('registry', `${placeOf(answer.url)}: status 413: ${formatSize(size)} at once are more than the registry, or a server before it, takes`);
    }
    if (!fine.includes(answer.status)) throw await this.place.refusal(answer);
    await this.http.wholeOf(answer, mostAnswerBytes);
    return answer;
  }
}

/** Where a blob goes on. @throws RegistryFailure where nobody should go there */
function nextOf({ url, headers: { location } }: HttpAnswer, before?: URL): URL {
  if (location !== undefined) return followed(url, location, 'where it wants a blob');
  if (before === undefined) throw new RegistryFailure('invalid', `${placeOf(url)}: it does not say where it wants a blob`);
  return before;
}

/** Bytes that are there, of `Range: 0-99`; undefined: it does not say. */
function endIn({ headers }: HttpAnswer): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d{1,15})$/.exec(String(headers['range'] ?? '')) ?? [];
  return last === undefined ? undefined : Number(last) + 1;
}

function digestIn(headers: HttpAnswer['headers']): string {
  return String(headers['docker-content-digest'] ?? '');
}

/** @throws RegistryFailure where the registry says that it has put something else away */
function checkDigest({ url, headers }: HttpAnswer, digest: string): void {
  const said = digestIn(headers);
  if (said !== '' && said !== digest) throw new RegistryFailure('invalid', `${placeOf(url)}: it has kept ${JSON.stringify(said.slice(0, 100))}, and not ${digest}`);
}
