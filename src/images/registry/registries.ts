import type { LookupFunction } from 'node:net';
import type { Mirrors } from './endpoint';
import { HttpClient, type Patience } from './http-client';
import type { Credentials } from './login';
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

/** Registries of images, and how they are reached. */
export class Registries {
  constructor(private readonly parts: RegistriesParts) {}

  /** @param signal gives up all that is asked for */
  open({ host, repository: path }: { readonly host: string; readonly repository: string }, credentials: Credentials, signal: AbortSignal): OpenRepository {
    const { lookup, mirrors, proxies = new Proxies({}), patience = usualPatience, firstPauseMs = usualPauseMs } = this.parts;
    const http = new HttpClient({ lookup, proxies, patience, signal });
    return { repository: new Repository(http, host, path, mirrors, credentials), firstPauseMs, close: () => { http.close(); } };
  }
}
