import { type Challenge, challengesOf } from './challenge';
import { type Endpoint, followed } from './endpoint';
import { RegistryFailure, placeOf } from './failure';
import { askFollowing, refusalOf } from './follow';
import type { HttpAnswer, HttpClient } from './http-client';

/** What somebody may show to a registry; empty: they have none. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** An OAuth 2 refresh token, instead of a password. */
  readonly identityToken: string;
  /** A token as it is shown to the registry itself. */
  readonly registryToken: string;
}

export const NOBODY: Credentials = { username: '', password: '', identityToken: '', registryToken: '' };

/** A token is some kilobytes. */
const mostTokenBytes = 1 << 20;
/** Of us, where a registry's keeper looks who has asked. */
const CLIENT_ID = 'holdfast';

/** What somebody wants to do with a repository. */
export interface Access {
  readonly repository: string;
  /** Also write. */
  readonly isPush: boolean;
  /** Others that are to be read of. */
  readonly others?: readonly string[];
}

/** What one registry is shown: nothing until it asks, and then what it asks for, for that access alone. */
export class Login {
  #authorization: string | undefined;
  #renewing: Promise<void> | undefined;
  #others: readonly string[];

  constructor(private readonly http: HttpClient, private readonly endpoint: Endpoint, private readonly access: Access, private readonly credentials: Credentials) {
    this.#others = access.others ?? [];
    if (credentials.registryToken !== '') this.#authorization = `Bearer ${credentials.registryToken}`;
  }

  /** The header; undefined: none. */
  get authorization(): string | undefined {
    return this.#authorization;
  }

  /**
   * It was not let in: finds out what is to be shown instead. @param shown what was shown @throws RegistryFailure `denied` where there is nothing better to show
   */
  async renew(shown: string | undefined, challenges: readonly string[]): Promise<void> {
    // Of several layers at once one asks for the token, and all have it.
    if (this.#authorization !== shown) return;
    this.#renewing ??= this.#renew(shown, challengesOf(challenges)).finally(() => { this.#renewing = undefined; });
    await this.#renewing;
  }

  async #renew(shown: string | undefined, challenges: readonly Challenge[]): Promise<void> {
    const bearer = challenges.find(({ scheme, params }) => scheme === 'bearer' && params.has('realm'));
    // One that was shown a fresh token and wants another does not like whose it is.
    const next = bearer !== undefined ? await this.#bearer(bearer.params) : challenges.some(({ scheme }) => scheme === 'basic') ? this.#basic() : undefined;
    if (next === undefined || next === shown) throw this.denied();
    this.#authorization = next;
  }

  #basic(): string | undefined {
    const { username, password } = this.credentials;
    return username === '' ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }

  /** Asks for what is wanted and no more, whatever the registry would have us ask for (distribution specification, "Token Authentication"). */
  async #bearer(params: ReadonlyMap<string, string>): Promise<string> {
    const realm = followed(new URL(this.endpoint.origin), params.get('realm') ?? '', 'where tokens are had');
    const { identityToken } = this.credentials;
    const service = params.get('service') ?? '';
    const answer = identityToken === '' ? await this.#getToken(realm, service) : await this.#postToken(realm, service, identityToken);
    if (answer.status !== 200) {
      answer.body.destroy();
      if (answer.status !== 400 && answer.status !== 401 && answer.status !== 403) throw refusalOf(answer);
      if (this.#others.length === 0) throw this.denied();
      // It may be those that it does not like; they are wanted, but not needed.
      this.#others = [];
      return this.#bearer(params);
    }
    const token = tokenIn((await this.http.wholeOf(answer, mostTokenBytes)).toString('utf8'));
    if (token === undefined) throw new RegistryFailure('registry', `${placeOf(realm)}: the answer has no token`);
    return `Bearer ${token}`;
  }

  get #scopes(): readonly string[] {
    const { repository, isPush } = this.access;
    return [`repository:${repository}:${isPush ? 'pull,push' : 'pull'}`, ...this.#others.map((other) => `repository:${other}:pull`)];
  }

  #getToken(realm: URL, service: string): Promise<HttpAnswer> {
    if (service !== '') realm.searchParams.set('service', service);
    realm.searchParams.delete('scope');
    for (const scope of this.#scopes) realm.searchParams.append('scope', scope);
    return askFollowing(this.http, realm, {}, this.#basic());
  }

  #postToken(realm: URL, service: string, refreshToken: string): Promise<HttpAnswer> {
    const body = new URLSearchParams([['grant_type', 'refresh_token'], ['client_id', CLIENT_ID], ['refresh_token', refreshToken], ['service', service], ['scope', this.#scopes.join(' ')]]).toString();
    return this.http.ask(realm, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }, body });
  }

  /** Whoever this is, they are not let in. */
  denied(): RegistryFailure {
    const { host } = new URL(this.endpoint.origin);
    const hasShown = this.credentials.username !== '' || this.credentials.identityToken !== '' || this.credentials.registryToken !== '';
    return new RegistryFailure('denied', `${host} does not let ${hasShown ? 'this login' : 'anybody'} ${this.access.isPush ? 'push to' : 'read'} ${this.access.repository}${hasShown ? '' : ' without a login'}`);
  }
}

/** One that fits into a header. What is wrong with an answer is not said: it would be some of the token. */
function tokenIn(text: string): string | undefined {
  try {
    const { token, access_token: other } = Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
    const found = token ?? other;
    return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}
