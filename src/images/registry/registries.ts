import type { LookupFunction } from 'node:net';
import { Destination } from './destination';
import { type Mirrors, endpointsOf } from './endpoint';
import { HttpClient, type Patience } from './http-client';
import type { Credentials } from './login';
import { Place } from './place';
import { Proxies } from './proxies';
import { Repository } from './repository';

export interface RegistriesParts {
  readonly lookup: LookupFunction;
  readonly mirrors: Mirrors;
  /** None where it is left out. */
  readonly proxies?: Proxies;
  readonly patience?: Patience;
  /** Before somebody is asked again who has failed. Milliseconds. */
  readonly firstPauseMs?: number;
}

const usualPatience: Patience = { answerMs: 30_000, idleMs: 30_000 };
const usualPauseMs = 1000;

/** A repository that is being read, over connections of its own. */
export interface OpenRepository {
  readonly repository: Repository;
  readonly firstPauseMs: number;
  /** May be called twice. */
  close(): void;
}

/** A repository that is being written, over connections of its own. */
export interface OpenDestination {
  readonly destination: Destination;
  readonly firstPauseMs: number;
  /** May be called twice. */
  close(): void;
}

/** Registries of images, and how they are reached. */
export class Registries {
  constructor(private readonly parts: RegistriesParts) {}

  /** @param signal gives up all that is asked for */
  open({ host, repository: path }: { readonly host: string; readonly repository: string }, credentials: Credentials, signal: AbortSignal): OpenRepository {
    const { mirrors, firstPauseMs = usualPauseMs } = this.parts;
    const http = this.#client(signal);
    return { repository: new Repository(http, host, path, mirrors, credentials), firstPauseMs, close: () => { http.close(); } };
  }

  /** The registry itself: nobody writes to its mirrors. @param others repositories of the same registry that are to be read of, where that is granted @param signal gives up all that is asked for */
  openToPush({ host, repository }: { readonly host: string; readonly repository: string }, credentials: Credentials, others: readonly string[], signal: AbortSignal): OpenDestination {
    const http = this.#client(signal);
    const [own] = endpointsOf(host, new Map());
    if (own === undefined) throw new Error('a registry has at least itself');
    const place = new Place(http, own, { repository, isPush: true, others }, credentials);
    return { destination: new Destination(http, place, host, repository), firstPauseMs: this.parts.firstPauseMs ?? usualPauseMs, close: () => { http.close(); } };
  }

  #client(signal: AbortSignal): HttpClient {
    const { lookup, proxies = new Proxies({}), patience = usualPatience } = this.parts;
    return new HttpClient({ lookup, proxies, patience, signal });
  }
}
