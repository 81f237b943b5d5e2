import { readFile } from 'node:fs/promises';
import { Agent, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type * as https from 'node:https';
import { type LookupFunction, isIPv6 } from 'node:net';
import type * as tls from 'node:tls';
import { within } from '../../sys/within';
import { ImagesError } from '../errors';
import { RegistryFailure, networkWords, placeOf } from './failure';
import { type HttpBody, sendBody } from './http-body';
import type { Proxies } from './proxies';
import { tunnelTo } from './tunnel';

/** How long nothing may come, in milliseconds. However long it takes in all: what comes slowly comes. */
export interface Patience {
  /** From the question to the head of its answer. */
  readonly answerMs: number;
  /** Between two pieces of an answer. */
  readonly idleMs: number;
}

export interface HttpQuestion {
  readonly method?: 'GET' | 'HEAD' | 'PATCH' | 'POST' | 'PUT';
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | HttpBody;
  /** The server has to do something with all of a blob before it answers. */
  readonly isLong?: boolean;
}

export interface HttpAnswer {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** All values of WWW-Authenticate. */
  readonly challenges: readonly string[];
  /** To be read to its end, or destroyed. */
  readonly body: IncomingMessage;
}

/** OpenSSL's and Go's variable, and where distributions have what their administrators trust; and Node's, which counts no more where others are named. */
const trustedFiles = (): readonly string[] => [process.env['SSL_CERT_FILE'] ?? '/etc/ssl/certs/ca-certificates.crt', process.env['NODE_EXTRA_CA_CERTS'] ?? ''];
/** A registry that puts a blob away may read all of it, and copy it elsewhere: it is waited for so many times as long. */
const longFactor = 10;
/** As many layers come at once as a pull has under way, and a token beside them. */
const mostSockets = 4;

export interface HttpClientParts {
  readonly lookup: LookupFunction;
  readonly proxies: Proxies;
  readonly patience: Patience;
  /** Gives up all that is under way. */
  readonly signal: AbortSignal;
}

/** Asks servers over HTTP, and waits for none that says nothing. Its connections are its own. */
export class HttpClient {
  readonly #plain = new Agent({ keepAlive: true, maxSockets: mostSockets });
  #context: Promise<tls.SecureContext> | undefined;
  #secure: https.Agent | undefined;
  /** By way of a proxy. */
  #tunnelled: https.Agent | undefined;
  readonly #closing = new AbortController();

  constructor(private readonly parts: HttpClientParts) {}

  /** Nobody wants an answer any more. */
  get isGivenUp(): boolean {
    return this.parts.signal.aborted;
  }

  /** One question, and the head of its answer; follows no redirection. @throws RegistryFailure */
  async ask(url: URL, { method = 'GET', headers = {}, body, isLong = false }: HttpQuestion = {}): Promise<HttpAnswer> {
    const proxy = this.parts.proxies.of(url);
    const agent = url.protocol === 'https:' ? await this.#secureAgent(proxy) : this.#plain;
    const send = url.protocol === 'https:' ? secure().request : request;
    if (this.isGivenUp) throw this.#failure(url, undefined);
    const { lookup, signal, patience } = this.parts;
    const asked = send(url, { method, headers: { 'user-agent': 'holdfast', ...headers }, agent, lookup, signal });
    const answered = headOf(asked);
    try {
      const answerMs = patience.answerMs * (isLong ? longFactor : 1);
      if (typeof body === 'object' && 'pieces' in body) await sendBody(asked, body, { answered, idleMs: patience.idleMs, from: placeOf(url) });
      else asked.end(body);
      const response = await within(answerMs, answered, undefined);
      if (response === undefined) throw new RegistryFailure('registry', `${placeOf(url)}: no answer for ${String(answerMs / 1000)} s${proxy === undefined ? '' : `, by way of the proxy ${proxy.origin}`}`);
      return { url, status: response.statusCode ?? 0, headers: response.headers, challenges: response.headersDistinct['www-authenticate'] ?? [], body: response };
    } catch (error) {
      asked.destroy();
      throw this.#failure(url, error);
    }
  }

  /** The bytes of an answer, as they come. @throws RegistryFailure: a transient one where it was cut off */
  async *piecesOf({ url, body }: HttpAnswer): AsyncGenerator<Buffer, void, undefined> {
    const pieces = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await within(this.parts.patience.idleMs, pieces.next(), undefined);
        if (next === undefined) throw new RegistryFailure('registry', `${placeOf(url)}: nothing has come for ${String(this.parts.patience.idleMs / 1000)} s`);
        if (next.done === true) return;
        yield next.value;
      }
    } catch (error) {
      throw this.#failure(url, error);
    } finally {
      body.destroy();
    }
  }

  /** All of an answer that is short. @throws RegistryFailure for one of more than `mostBytes` */
  async wholeOf(answer: HttpAnswer, mostBytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of this.piecesOf(answer)) {
      bytes += piece.length;
      if (bytes > mostBytes) throw new RegistryFailure('invalid', `${placeOf(answer.url)}: the answer has more than ${String(mostBytes)} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** May be called twice. */
  close(): void {
    this.#closing.abort();
    for (const agent of [this.#plain, this.#secure, this.#tunnelled]) agent?.destroy();
  }

  async #secureAgent(proxy: URL | undefined): Promise<https.Agent> {
    const secureContext = await (this.#context ??= trustedContext());
    const make = (): https.Agent => new (secure().Agent)({ keepAlive: true, maxSockets: mostSockets, secureContext });
    if (proxy === undefined) return (this.#secure ??= make());
    return (this.#tunnelled ??= this.#throughProxy(make(), proxy, secureContext));
  }

  /** Has an agent connect by way of a proxy. */
  #throughProxy(agent: https.Agent, proxy: URL, secureContext: tls.SecureContext): https.Agent {
    const { lookup, patience, signal } = this.parts;
    const connect = agent.createConnection.bind(agent);
    agent.createConnection = (options, callback) => {
      // Who has asked for it waits no longer, and does not end it.
      const ends = AbortSignal.any([signal, this.#closing.signal, AbortSignal.timeout(patience.answerMs)]);
      const host = options.host ?? '';
      tunnelTo(new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${String(options.port)}`), proxy, { lookup, secureContext, signal: ends }).then(
        (socket) => { callback?.(null, connect({ ...options, socket } as typeof options) as tls.TLSSocket); },
        (error: unknown) => { callback?.(error as Error, undefined as never); },
      );
      return undefined as never;
    };
    return agent;
  }

  #failure(url: URL, error: unknown): ImagesError {
    if (this.isGivenUp) return new RegistryFailure('registry', 'it was given up', { cause: error });
    if (error instanceof ImagesError) return error;
    // A server that is not there will not be in a moment; one that has hung up may have been restarted.
    const message = networkWords(error);
    return new RegistryFailure('registry', `${placeOf(url)}: ${message}`, { isTransient: /ECONNRESET|EPIPE|hang up|aborted/.test(message), cause: error });
  }
}

function headOf(asked: ClientRequest): Promise<IncomingMessage> {
  const head = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', (response) => {
      // What is destroyed unread fails once more.
      response.on('error', () => undefined);
      resolve(response);
    });
    asked.on('error', reject);
  });
  head.catch(() => undefined);
  return head;
}

/** An import would load TLS at the start. */
function secure(): typeof https {
  return require('node:https') as typeof https;
}

/** Trusts whom this machine trusts; where it has no such file, whom Node trusts. That is read once for all connections: it takes milliseconds. */
async function trustedContext(): Promise<tls.SecureContext> {
  const { createSecureContext } = require('node:tls') as typeof tls;
  const files = await Promise.all(trustedFiles().map((path) => readFile(path).catch(() => undefined)));
  const ca = files.filter((file) => file !== undefined);
  return createSecureContext(ca.length === 0 ? {} : { ca });
}
