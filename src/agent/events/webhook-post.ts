import { createHmac } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import type { LookupFunction } from 'node:net';
import { messageOf } from '../../sys/thrown';

export interface WebhookPost {
  readonly url: string;
  readonly type: string;
  readonly eventId: number;
  readonly body: string;
  /** Of the HMAC; undefined: it is not signed. */
  readonly key: Buffer | undefined;
}

/** An answer is read no further than this, and then let go. */
const mostAnswerBytes = 64 << 10;

/** Sends it, and follows no redirection. @returns what is wrong; undefined: it was taken (200 to 299). Never rejects */
export function postWebhook(post: WebhookPost, lookup: LookupFunction, signal: AbortSignal): Promise<string | undefined> {
  const { url, body } = post;
  const send = url.startsWith('https:') ? secureRequest() : request;
  return new Promise((resolve) => {
    try {
      const sent = send(url, { method: 'POST', agent: false, lookup, signal, headers: headersOf(post) }, (response) => {
        finish(response).then(resolve, (error: unknown) => { resolve(messageOf(error)); }).finally(() => { sent.destroy(); });
      });
      sent.on('error', (error) => { resolve(signal.aborted ? 'no answer in time' : messageOf(error)); });
      sent.end(body);
    } catch (error) {
      resolve(messageOf(error));
    }
  });
}

function headersOf({ type, eventId, body, key }: WebhookPost): Readonly<Record<string, string | number>> {
  return {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'holdfast-webhook',
    connection: 'close',
    'x-holdfast-event': type,
    'x-holdfast-delivery': String(eventId),
    ...(key === undefined ? {} : { 'x-holdfast-signature': `sha256=${createHmac('sha256', key).update(body).digest('hex')}` }),
  };
}

async function finish(response: IncomingMessage): Promise<string | undefined> {
  const status = response.statusCode ?? 0;
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostAnswerBytes) break;
  }
  return status >= 200 && status <= 299 ? undefined : `status ${String(status)}`;
}

function secureRequest(): typeof request {
  // An import would load TLS at the start.
  return (require('node:https') as { readonly request: typeof request }).request;
}
