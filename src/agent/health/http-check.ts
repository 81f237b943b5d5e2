import { type IncomingMessage, get } from 'node:http';
import type { LookupFunction } from 'node:net';
import { messageOf } from '../../sys/thrown';
import type { HealthCheck } from '../definitions/definition';
import { type CheckResult, connectionWords, failing, well } from './check-result';

type HttpCheck = Extract<HealthCheck, { readonly is: 'http' }>;

/** What is looked at of a body, in bytes. */
const mostBody = 1 << 20;

/** Asks for the URL, follows no redirection, and reads no more of the answer than it needs. */
export function checkHttp(check: HttpCheck, lookup: LookupFunction, signal: AbortSignal): Promise<CheckResult> {
  const { url } = check;
  const getUrl = url.startsWith('https:') ? secureGet() : get;
  return new Promise((resolve) => {
    const request = getUrl(url, { agent: false, lookup, signal, headers: { 'user-agent': 'holdfast-health', connection: 'close' } }, (response) => {
      resultOf(response, check).then(resolve, (error: unknown) => { resolve(failing(`${url}: ${messageOf(error)}`)); }).finally(() => { request.destroy(); });
    });
    request.on('error', (error) => { resolve(failing(`${url}: ${signal.aborted ? 'no answer' : connectionWords(error)}`)); });
  });
}

async function resultOf(response: IncomingMessage, { url, expectStatus, expectBody }: HttpCheck): Promise<CheckResult> {
  const status = response.statusCode ?? 0;
  if (!expectStatus.some(({ from, to }) => from <= status && status <= to)) return failing(`${url}: status ${String(status)}`);
  if (expectBody === undefined) return well;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > mostBody) break;
  }
  return Buffer.concat(chunks).includes(expectBody) ? well : failing(`${url}: ${JSON.stringify(expectBody)} is not in what it answers`);
}

function secureGet(): typeof get {
  // An import would load TLS at the start.
  return (require('node:https') as { readonly get: typeof get }).get;
}
