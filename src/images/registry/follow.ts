import { followed } from './endpoint';
import { RegistryFailure, placeOf } from './failure';
import type { HttpAnswer, HttpClient, HttpQuestion } from './http-client';

const redirections: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const mostRedirections = 5;
/** Asked again in a moment these may be none (RFC 9110, 15; RFC 6585, 4). */
const transient: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
/** However long a server would have us wait. */
const longestRetryAfterMs = 30_000;
const mostErrorBytes = 64 << 10;

/** Asks, and goes where it is sent: nobody but who was asked first is shown the authorization. @throws RegistryFailure */
export async function askFollowing(http: HttpClient, first: URL, question: HttpQuestion, authorization: string | undefined): Promise<HttpAnswer> {
  let url = first;
  for (let count = 0; count <= mostRedirections; count += 1) {
    const shown = authorization !== undefined && url.origin === first.origin ? { authorization } : {};
    const answer = await http.ask(url, { ...question, headers: { ...question.headers, ...shown } });
    const { location } = answer.headers;
    if (!redirections.has(answer.status) || location === undefined) return answer;
    answer.body.destroy();
    url = followed(url, location, 'a redirection');
  }
  throw new RegistryFailure('invalid', `${placeOf(first)}: more than ${String(mostRedirections)} redirections`);
}

/** What an answer that is none means. Its body goes unread. */
export function refusalOf({ url, status, headers, body }: HttpAnswer, said = ''): RegistryFailure {
  body.destroy();
  const seconds = Number(headers['retry-after'] ?? NaN);
  const retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? Math.min(longestRetryAfterMs, seconds * 1000) : undefined;
  const code = status === 401 || status === 403 ? 'denied' : 'registry';
  return new RegistryFailure(code, `${placeOf(url)}: status ${String(status)}${said === '' ? '' : ` (${said})`}`, { isTransient: transient.has(status), retryAfterMs });
}

/** The same, with the registry's own codes, such as MANIFEST_UNKNOWN. Its words are left out: one may say there what it was shown. */
export async function explainedRefusal(http: HttpClient, answer: HttpAnswer): Promise<RegistryFailure> {
  const text = await http.wholeOf(answer, mostErrorBytes).then((bytes) => bytes.toString('utf8'), () => '');
  const codes = [...text.matchAll(/"code"\s*:\s*"([A-Z_]{1,40})"/g)].map(([, code]) => code);
  return refusalOf(answer, [...new Set(codes)].join(', '));
}
