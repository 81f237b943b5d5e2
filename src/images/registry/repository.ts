import { DOCKER_INDEX, DOCKER_MANIFEST, MOST_JSON_BYTES, OCI_INDEX, OCI_MANIFEST } from '../library/formats';
import { type Mirrors, endpointsOf } from './endpoint';
import { RegistryFailure, placeOf } from './failure';
import type { HttpAnswer, HttpClient } from './http-client';
import { type Credentials, NOBODY } from './login';
import { Place } from './place';

/** A manifest as it has come. */
export interface FoundManifest {
  readonly bytes: Buffer;
  /** As the answer's head has it; empty where that says nothing. */
  readonly mediaType: string;
  /** Whose word it is, for errors. */
  readonly from: string;
}

/** A part of a blob, up to its end. */
export interface FoundBlob {
  /** Where it begins: 0 also where more was asked for, and the registry knows no parts. */
  readonly offset: number;
  readonly pieces: AsyncIterable<Buffer>;
  readonly from: string;
}

const accepted = [OCI_INDEX, DOCKER_INDEX, OCI_MANIFEST, DOCKER_MANIFEST].join(', ');

/** One repository of a registry, or of its mirrors (OCI distribution specification, "Pulling"). */
export class Repository {
  readonly #places: Place[];

  /** @param credentials for the registry itself: its mirrors are asked without */
  constructor(private readonly http: HttpClient, readonly host: string, path: string, mirrors: Mirrors, credentials: Credentials) {
    this.#places = endpointsOf(host, mirrors).map((endpoint) => new Place(http, endpoint, { repository: path, isPush: false }, endpoint.isMirror ? NOBODY : credentials));
  }

  /** @param reference a tag or a digest @throws RegistryFailure; `not-found` where the registry has none */
  manifest(reference: string): Promise<FoundManifest> {
    return this.#atFirst(`manifests/${reference}`, async (place, url) => {
      const answer = await place.ask(url, { headers: { accept: accepted } });
      if (answer.status !== 200) throw await place.refusal(answer);
      const bytes = await this.http.wholeOf(answer, MOST_JSON_BYTES);
      return { bytes, mediaType: (answer.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '', from: placeOf(answer.url) };
    });
  }

  /** @param offset bytes that are there already @param size of all of it @throws RegistryFailure */
  blob(digest: string, offset: number, size: number): Promise<FoundBlob> {
    return this.#atFirst(`blobs/${digest}`, async (place, url) => {
      let answer = await place.ask(url, offset === 0 ? {} : { headers: { range: `bytes=${String(offset)}-` } });
      if (answer.status === 416 && offset > 0) {
        answer.body.destroy();
        answer = await place.ask(url);
      }
      if (answer.status !== 200 && answer.status !== 206) throw await place.refusal(answer);
      const from = placeOf(answer.url);
      try {
        return { offset: partOf(answer, offset, size), pieces: this.http.piecesOf(answer), from };
      } catch (error) {
        answer.body.destroy();
        throw error;
      }
    });
  }

  /** Of its places the first that has an answer; one that has failed is not asked again. */
  async #atFirst<T>(path: string, get: (place: Place, url: URL) => Promise<T>): Promise<T> {
    for (;;) {
      const [place] = this.#places;
      if (place === undefined) throw new Error('a registry has at least itself');
      try {
        return await get(place, place.url(path));
      } catch (error) {
        if (!place.endpoint.isMirror || this.http.isGivenUp) throw error;
        const at = this.#places.indexOf(place);
        if (at >= 0) this.#places.splice(at, 1);
      }
    }
  }
}

/** Where the part that has come begins. @throws RegistryFailure where it does not end where the blob does */
function partOf({ url, status, headers }: HttpAnswer, offset: number, size: number): number {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  const begins = status === 200 ? 0 : Number(range?.[1] ?? NaN);
  if (begins !== 0 && begins !== offset) throw new RegistryFailure('registry', `${placeOf(url)}: asked for what comes after ${String(offset)} bytes, it answers with something else`);
  const length = headers['content-length'];
  if (length !== undefined && Number(length) !== size - begins) {
    throw new RegistryFailure('invalid', `${placeOf(url)}: ${String(Number(length) + begins)} bytes, and ${String(size)} are said to be there`);
  }
  return begins;
}
