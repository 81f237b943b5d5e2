import type { Endpoint } from './endpoint';
import { RegistryFailure } from './failure';
import { askFollowing, explainedRefusal } from './follow';
import type { HttpAnswer, HttpClient, HttpQuestion } from './http-client';
import { type Access, type Credentials, Login } from './login';

/** One server that has a repository, and what it is shown. */
export class Place {
  readonly #login: Login;

  constructor(private readonly http: HttpClient, readonly endpoint: Endpoint, private readonly access: Access, credentials: Credentials) {
    this.#login = new Login(http, endpoint, access, credentials);
  }

  /** Of the repository: `manifests/latest`. */
  url(path: string): URL {
    return new URL(`${this.endpoint.origin}/v2/${this.access.repository}/${path}`);
  }

  /** @param url of this server, or where it has sent us: nobody else is shown the login @throws RegistryFailure `denied` */
  async ask(url: URL, question: HttpQuestion = {}): Promise<HttpAnswer> {
    const { origin } = this.endpoint;
    const shown = this.#login.authorization;
    const ask = (authorization: string | undefined): Promise<HttpAnswer> => askFollowing(this.http, url, question, url.origin === origin ? authorization : undefined);
    const isRefused = ({ status, url: asked }: HttpAnswer): boolean => status === 401 && asked.origin === origin;
    const answer = await ask(shown);
    if (!isRefused(answer)) return answer;
    answer.body.destroy();
    await this.#login.renew(shown, answer.challenges);
    const second = await ask(this.#login.authorization);
    if (!isRefused(second)) return second;
    second.body.destroy();
    throw this.#login.denied();
  }

  /** What an answer that is none means. */
  async refusal(answer: HttpAnswer): Promise<RegistryFailure> {
    const refusal = await explainedRefusal(this.http, answer);
    return answer.status === 404 ? new RegistryFailure('not-found', refusal.message) : refusal;
  }
}
